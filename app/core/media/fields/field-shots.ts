/**
 * Cuts and holds of footage that is not progressive, on single fields. A coded frame may hold a field of either shot, and then no frame begins the new
 * one; a field never does. It costs a second decoding pass, which only such footage needs.
 */
import type { VideoInfo } from '../../../contract/media.ts';
import { sourceTiming } from '../../time/regular.ts';
import { BlockReader } from '../block-reader.ts';
import { capabilities } from '../capabilities.ts';
import { spawnFfmpeg } from '../ffmpeg.ts';
import { HoldDetector } from '../holds.ts';
import { thumbnailSize } from '../index-source.ts';
import { inputArgsOf } from '../input.ts';
import { CutDetector, THUMBNAIL_WIDTH } from '../scenes.ts';
import type { SourceIndex } from '../source.ts';
import { fieldPictures, firstFieldOf } from './field-pictures.ts';
import type { FoundFields } from './found.ts';

/** `found` with its cuts and holds, in fields. Throws as indexSource. */
export async function withFieldShots(
  info: VideoInfo,
  index: SourceIndex,
  found: FoundFields,
  signal?: AbortSignal,
): Promise<FoundFields> {
  const { video } = info;
  const timing = sourceTiming(index.times, index.end, index.stamps.timeBase, [video.nominalRate, video.averageRate]);
  const starts = fieldPictures(found, timing, 'film').codes.map(firstFieldOf);
  const size = thumbnailSize(info, THUMBNAIL_WIDTH);
  const cuts = new CutDetector(size);
  const holds = new HoldDetector(size);
  let picture = 0;
  let field = 0;
  for await (const thumbnail of fieldThumbnails(info, found, size, signal)) {
    if (starts[picture] === field++) {
      cuts.push(picture, thumbnail);
      holds.push(picture, thumbnail);
      picture++;
    }
    if (picture === starts.length) break;
  }
  const end = 2 * index.stamps.pts.length;
  return {
    ...found,
    cuts: cuts.finish().cuts.map(({ frame }) => starts[frame]!),
    holds: holds
      .finish()
      .holds.map(({ first, last }) => ({ first: starts[first]!, last: (starts[last + 1] ?? end) - 1 })),
  };
}

async function* fieldThumbnails(
  info: VideoInfo,
  { order }: FoundFields,
  { width, height }: { width: number; height: number },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { passthrough } = await capabilities();
  const filters = [
    // An odd line has no field to belong to.
    ...[`scale=${info.video.codedWidth}:${info.video.codedHeight}`, 'crop=iw:floor(ih/2)*2', 'settb=1/25', 'setpts=N'],
    ...[`setfield=${order === 'top' ? 'tff' : 'bff'}`, 'separatefields'],
    ...[`scale=${width}:${height}:flags=area+accurate_rnd`, 'format=gray'],
  ];
  const only = ['-map', `0:${info.video.index}`, '-vf', filters.join(','), ...passthrough];
  const input = await inputArgsOf(info, ['-noautorotate']);
  const args = [...input, '-copyts', ...only, '-f', 'rawvideo', 'pipe:1'];
  const ffmpeg = await spawnFfmpeg(args, { ...(signal && { signal }), logLevel: 'error' });
  const blocks = new BlockReader(ffmpeg.stdout, width * height);
  try {
    for (let block = await blocks.next(); block; block = await blocks.next()) yield block;
    signal?.throwIfAborted();
  } finally {
    await ffmpeg.stop();
  }
}
