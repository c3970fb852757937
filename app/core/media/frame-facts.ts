/** Everything about a source that takes a decoding pass to know: the time of every frame, the cuts and the holds. */
import { z } from 'zod';
import type { VideoInfo } from '../../contract/media.ts';
import { HoldDetector } from './holds.ts';
import { indexSource, thumbnailSize, type IndexOptions } from './index-source.ts';
import { CutDetector, THUMBNAIL_WIDTH } from './scenes.ts';

/** Names the facts in the cache of analyses; its number changes whenever the same file would give other facts. */
export const FACTS_KIND = 'frame-facts/2';

const index = z.int().nonnegative();
const rational = z.object({ num: z.int(), den: z.int().positive() });

/** Facts are stored as JSON and checked when they are read. */
export const frameFactsSchema = z.object({
  index: z.object({
    times: z.array(z.number()),
    end: z.number(),
    start: z.number(),
    stamps: z.object({
      timeBase: rational,
      pts: z.array(z.number().nullable()),
      keys: z.array(index),
    }),
    warnings: z.array(z.string()),
  }),
  /** Frames that start a new shot, ascending; 0 is not one. */
  cuts: z.array(index),
  /** Runs of frames that show the same picture. */
  holds: z.array(z.object({ first: index, last: index })),
});

export type FrameFacts = z.infer<typeof frameFactsSchema>;

/** Decodes the source once and finds out. Throws as indexSource. */
export async function findFrameFacts(
  path: string,
  info: VideoInfo,
  options: Pick<IndexOptions, 'signal' | 'onProgress'>,
): Promise<FrameFacts> {
  const size = thumbnailSize(info, THUMBNAIL_WIDTH);
  const cutDetector = new CutDetector(size);
  const holdDetector = new HoldDetector(size);
  const { times, end, start, stamps, warnings } = await indexSource(path, info, {
    ...options,
    thumbnails: { width: THUMBNAIL_WIDTH },
    onThumbnail: (frame, luma) => {
      cutDetector.push(frame, luma);
      holdDetector.push(frame, luma);
    },
  });
  return {
    index: {
      times: [...times],
      end,
      start,
      stamps: { ...stamps, pts: [...stamps.pts], keys: [...stamps.keys] },
      warnings: [...warnings],
    },
    cuts: cutDetector.finish().cuts.map((cut) => cut.frame),
    holds: holdDetector.finish().holds.map(({ first, last }) => ({ first, last })),
  };
}
