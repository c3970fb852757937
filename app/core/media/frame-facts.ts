/** Everything about a source that takes a decoding pass to know: the time of every frame, the cuts, the holds, and how its fields came about. */
import { z } from 'zod';
import type { VideoInfo } from '../../contract/media.ts';
import { CombMeter } from './fields/comb.ts';
import { withFieldShots } from './fields/field-shots.ts';
import { foundFieldsSchema, foundIn, isCombed } from './fields/found.ts';
import { HoldDetector } from './holds.ts';
import { indexSource, linesSize, thumbnailSize, type IndexOptions } from './index-source.ts';
import { CutDetector, THUMBNAIL_WIDTH } from './scenes.ts';
import type { SourceIndex } from './source.ts';

/** Its number changes whenever the same file would give other facts. */
const FACTS_KIND = 'frame-facts/5';

/** Names the facts of a source in the cache of analyses; which frames are key frames depends on its decoder. */
export function factsKind({ video }: VideoInfo): string {
  return video.decoder ? `${FACTS_KIND} by ${video.decoder}` : FACTS_KIND;
}

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
  /** Of the frames as coded; what is to be done about it is decided later (fields/treat.ts). */
  fields: foundFieldsSchema,
});

/** As found; or, its fields treated (fields/treat.ts), with an index that has pictures. */
export type FrameFacts = Omit<z.infer<typeof frameFactsSchema>, 'index'> & { readonly index: SourceIndex };

/** Decodes the source once and finds out. Throws as indexSource. */
export async function findFrameFacts(
  path: string,
  info: VideoInfo,
  options: Pick<IndexOptions, 'signal' | 'onProgress'>,
): Promise<FrameFacts> {
  const size = thumbnailSize(info, THUMBNAIL_WIDTH);
  const cutDetector = new CutDetector(size);
  const holdDetector = new HoldDetector(size);
  const combs = new CombMeter(linesSize(info, THUMBNAIL_WIDTH));
  const found = await indexSource(path, info, {
    ...options,
    thumbnails: { width: THUMBNAIL_WIDTH },
    onThumbnail: (frame, luma) => {
      cutDetector.push(frame, luma);
      holdDetector.push(frame, luma);
    },
    onLines: (_, lines) => combs.push(lines),
  });
  const cuts = cutDetector.finish().cuts.map((cut) => cut.frame);
  const fields = foundIn(info, combs.finish(), cuts, found.times);
  return {
    index: found,
    cuts,
    holds: holdDetector.finish().holds.map(({ first, last }) => ({ first, last })),
    fields: isCombed(fields) ? await withFieldShots({ ...info, path }, found, fields, options.signal) : fields,
  };
}
