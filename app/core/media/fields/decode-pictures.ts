/**
 * The pictures of a treated source: decoded frames in, pictures out, in one pass and in step with the index.
 *
 * [Note: fields by hand] Choice: fields are woven and filled in here rather than by ffmpeg's filters. Why: a picture is a function of its coded frame and the two
 * beside it and of nothing else, so decoding may begin anywhere, in every build of ffmpeg, and give the same bytes; which fields belong together was
 * decided once, over the whole clip, rather than again by a filter that only sees the last few; and the decoder stays in lock step with its index. Trade-off:
 * a thread of JavaScript fills in lines more slowly than ffmpeg's bwdif, whose method it is.
 */
import type { VideoInfo } from '../../../contract/media.ts';
import type { Frame } from '../frame.ts';
import type { SourceIndex } from '../source.ts';
import { PICTURE, codedFrame, type FieldPictures } from './field-index.ts';
import { reshaped } from './reshape.ts';
import { deinterlaced, weave } from './weave.ts';

/** A decoder of coded frames `first` to `last`, as decodeFrames. */
export type CodedDecoder = (
  info: VideoInfo,
  options: {
    readonly first: number;
    readonly last: number;
    readonly index: SourceIndex;
    readonly signal?: AbortSignal;
  },
) => AsyncGenerator<Frame, void, undefined>;

export interface PicturesWanted {
  readonly first: number;
  readonly last: number;
  readonly index: SourceIndex;
  readonly pictures: FieldPictures;
  readonly signal?: AbortSignal;
}

/** Pictures `first` to `last` of a treated index, upright and of info's size. Throws as decodeFrames. */
export async function* decodePictures(
  info: VideoInfo,
  wanted: PicturesWanted,
  decode: CodedDecoder,
): AsyncGenerator<Frame, void, undefined> {
  const { pictures } = wanted;
  const frames = treatedFrames(asCoded(info, pictures), wanted, decode);
  const { video } = info;
  const asWoven =
    video.rotation === 0 &&
    !video.mirrored &&
    video.codedWidth === pictures.width &&
    video.codedHeight === pictures.height;
  yield* asWoven ? frames : reshaped(frames, info, pictures, wanted.signal);
}

/** The source as it is coded: not made smaller, not turned. */
function asCoded(info: VideoInfo, { width, height }: FieldPictures): VideoInfo {
  const size = { codedWidth: width, codedHeight: height, width, height };
  return { ...info, video: { ...info.video, ...size, rotation: 0, mirrored: false } };
}

async function* treatedFrames(
  coded: VideoInfo,
  { first, last, index, pictures, signal }: PicturesWanted,
  decode: CodedDecoder,
): AsyncGenerator<Frame, void, undefined> {
  const { codes } = pictures;
  const stop = signal ? { signal } : {};
  const count = index.stamps.pts.length;
  const [from] = neededFrames(codes[first]!, count);
  const [, to] = neededFrames(codes[last]!, count);
  const stream = decode(coded, { first: from, last: to, index: codedIndex(index), ...stop });
  const kept = new Map<number, Frame>();
  try {
    for (let i = first; i <= last; i++) {
      const code = codes[i]!;
      const [low, high] = neededFrames(code, count);
      while (!kept.has(high)) {
        const { value, done } = await stream.next();
        if (done) return;
        kept.set(value.index, value);
      }
      for (const k of kept.keys()) if (k < low) kept.delete(k);
      yield { ...pictureOf(code, kept, pictures), index: i, time: index.times[i] ?? 0 };
    }
  } finally {
    await stream.return();
  }
}

/** The coded frames that a picture is made of, first and last; neighbours of every field. */
function neededFrames(code: number, count: number): [number, number] {
  const frame = codedFrame(code);
  const kind = code & 3;
  if (kind === PICTURE.whole) return [frame, frame];
  if (kind === PICTURE.across) return [frame - 1, frame];
  return [Math.max(0, frame - 1), Math.min(count - 1, frame + 1)];
}

function pictureOf(code: number, frames: ReadonlyMap<number, Frame>, { order }: FieldPictures): Frame {
  const k = codedFrame(code);
  const kind = code & 3;
  const own = frames.get(k)!;
  if (kind === PICTURE.whole) return own;
  const parity = order === 'top' ? 0 : 1;
  if (kind === PICTURE.across) return weave(own, frames.get(k - 1)!, parity);
  const around = { before: frames.get(k - 1) ?? own, own, after: frames.get(k + 1) ?? own };
  if (kind === PICTURE.first) return deinterlaced({ ...around, second: false }, parity);
  return deinterlaced({ ...around, second: true }, parity === 0 ? 1 : 0);
}

const codedIndexes = new WeakMap<SourceIndex, SourceIndex>();

/** The same index without its pictures: one object for each, as the decoder remembers what it looked at. Frames' own times are not needed. */
function codedIndex(index: SourceIndex): SourceIndex {
  let coded = codedIndexes.get(index);
  if (!coded) {
    const { pictures: _, ...plain } = index;
    codedIndexes.set(index, (coded = plain));
  }
  return coded;
}
