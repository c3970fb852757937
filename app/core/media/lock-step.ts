/**
 * Where a decoder starts, and whether it gives the frames the index promised.
 *
 * [Note: exact seeks] A seek is taken only where it provably gives the frames that decoding from the start gives. The decoder starts at a
 * keyframe K1 with another keyframe K2 between it and the first wanted frame. What follows K2 in order of presentation refers to nothing before it (a
 * random access point of the codecs listed), and what precedes it has the whole of K1's group to refer to. On the way the timestamps must be
 * those of the index, one by one from K2 on, and so must the keyframes. If they are not, decoding starts over from the first frame. Containers
 * that do not write down every frame's time are not sought in at all: what is guessed there may be guessed differently after a seek.
 */
import type { VideoInfo } from '../../contract/media.ts';
import type { SourceIndex } from './source.ts';
import { showinfoReader } from './stamps.ts';
import type { Stamp } from './stamps.ts';

export interface StartPlan {
  /** The frame from which on timestamps are compared one by one. */
  readonly verifyFrom: number;
  /** The decoder must have started no later than at this frame. */
  readonly landing: number;
  /** Frames before this one do not come out of the pipe. */
  readonly firstOut: number;
  /** The last frame wanted. What a decoder says beyond it does not count: told to stop early, it may guess other times there. */
  readonly last: number;
  readonly inputOptions: readonly string[];
  readonly filters: readonly string[];
  readonly outputOptions: readonly string[];
}

/** Codecs whose keyframes are points from which the decoder has all it needs. */
const RANDOM_ACCESS = new Set(
  `h264 hevc av1 vp8 vp9 mpeg1video mpeg2video mpeg4 h263 theora prores dnxhd mjpeg ffv1 huffyuv ffvhuff utvideo magicyuv v210 v410
  rawvideo png jpeg2000 cfhd r210 hap`.split(/\s+/),
);

/** Containers that have a timestamp for every frame; AVI counts frames, which is as good where none are reordered. */
const TIMED = /^(mov|matroska|mpegts|flv|nut|mxf)\b/;

/** Fewer decoded frames than this are decoded through rather than sought past. */
const WORTH_SEEKING = 48;

/** Decoding from the first frame of the source, for frames `first` to `last`. */
export function fromStart(index: SourceIndex, first: number, last: number): StartPlan {
  const range = { first, last, ordered: ascending(index, last) };
  return startingAt(index, range, { landing: 0, verifyFrom: 0, inputOptions: [] });
}

/** A seek to just before frame `first`; undefined where none is worth it or none is certain. */
export function seekPlan(info: VideoInfo, index: SourceIndex, first: number, last: number): StartPlan | undefined {
  const { keys, pts, timeBase } = index.stamps;
  const timed = TIMED.test(info.format) || (info.format === 'avi' && keys.length === pts.length);
  if (first < WORTH_SEEKING || !timed || !RANDOM_ACCESS.has(info.video.codec)) return undefined;
  if (!ascending(index, pts.length - 1)) return undefined;
  const after = keys.findLastIndex((key) => key <= first);
  const [k1, k2] = [keys[after - 1], keys[after]];
  if (k1 === undefined || k2 === undefined || k1 < WORTH_SEEKING / 2) return undefined;
  const [at, next] = [pts[k1] ?? -1, pts[k1 + 1] ?? -1];
  if (at < 0 || next < 0) return undefined;
  // Halfway to the next frame, so that rounding to microseconds cannot land before K1; demuxers seek back to a keyframe.
  const seconds = (((at + next) / 2) * timeBase.num) / timeBase.den;
  const inputOptions = ['-seek_timestamp', '1', '-noaccurate_seek', '-ss', seconds.toFixed(6)];
  return startingAt(index, { first, last, ordered: true }, { landing: k1, verifyFrom: k2, inputOptions });
}

function startingAt(
  index: SourceIndex,
  { first, last, ordered }: { first: number; last: number; ordered: boolean },
  start: Pick<StartPlan, 'landing' | 'verifyFrom' | 'inputOptions'>,
): StartPlan {
  // Where timestamps ascend, frames before the first wanted one need not travel through the pipe, and the decoder can stop by itself.
  const skips = ordered && first > 0;
  return {
    ...start,
    last,
    firstOut: skips ? first : 0,
    filters: skips ? [`select=gte(pts\\,${String(index.stamps.pts[first])})`] : [],
    outputOptions: ordered ? ['-frames:v', String(last - (skips ? first : 0) + 1)] : [],
  };
}

/** Whether the timestamps of frames 0..to are there and strictly ascending. Looked at once an index. */
function ascending(index: SourceIndex, to: number): boolean {
  let until = sorted.get(index);
  if (until === undefined) {
    const { pts } = index.stamps;
    until = typeof pts[0] === 'number' ? 0 : -1;
    while (until >= 0 && until + 1 < pts.length && (pts[until + 1] ?? -Infinity) > (pts[until] ?? 0)) until++;
    sorted.set(index, until);
  }
  return to <= until;
}

const sorted = new WeakMap<SourceIndex, number>();

/** Follows the timestamps of a running decoder against the index. */
export class LockStep {
  readonly #index: SourceIndex;
  readonly #plan: StartPlan;
  readonly #read: (line: string) => boolean;
  /** Frames seen and verified: up to, not including. Undefined until the verified part has begun. */
  #seen: number | undefined;
  #started = false;
  #lost = false;
  #ended = false;
  #given: number;
  #nextKey = 0;
  #wake: (() => void) | undefined;

  constructor(index: SourceIndex, plan: StartPlan) {
    this.#index = index;
    this.#plan = plan;
    this.#given = plan.firstOut;
    if (plan.inputOptions.length === 0) this.#seen = 0;
    this.#read = showinfoReader({ onStamp: (stamp) => this.#stamp(stamp), onTimeBase: () => {} });
  }

  /** The decoder was asked to seek. */
  get sought(): boolean {
    return this.#plan.inputOptions.length > 0;
  }

  /** Takes a line of ffmpeg's; true for one of showinfo. */
  line(line: string): boolean {
    return this.#read(line);
  }

  /** No more lines will come. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Which frame of the index the next frame of the pipe is; undefined when the timestamps are not those of the index. */
  async next(): Promise<number | undefined> {
    const at = this.#given++;
    while (!this.#lost && !this.#ended && (this.#seen === undefined || this.#seen <= at)) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return !this.#lost && this.#seen !== undefined && this.#seen > at ? at : undefined;
  }

  #stamp(stamp: Stamp): void {
    const { pts } = this.#index.stamps;
    if ((this.#seen ?? 0) > this.#plan.last) return;
    if (this.#seen === undefined) this.#preroll(stamp);
    else if (pts[this.#seen] === stamp.pts && this.#keyAsIndexed(this.#seen, stamp)) this.#seen++;
    else this.#lost = true;
    this.#wake?.();
  }

  /** After a seek keyframes must be where they were: timestamps that are all one frame off would show here. */
  #keyAsIndexed(at: number, stamp: Stamp): boolean {
    if (!this.sought) return true;
    const { keys } = this.#index.stamps;
    while ((keys[this.#nextKey] ?? Infinity) < at) this.#nextKey++;
    return stamp.key === (keys[this.#nextKey] === at);
  }

  /** Before the verified part: whatever comes of the frames before K2 is thrown away, but it must begin early enough. */
  #preroll({ pts, key }: Stamp): void {
    const { stamps } = this.#index;
    const [landing, from] = [stamps.pts[this.#plan.landing] ?? 0, stamps.pts[this.#plan.verifyFrom] ?? 0];
    if (pts === null || pts > from || (!this.#started && pts > landing)) this.#lost = true;
    else if (pts === from && !key) this.#lost = true;
    else if (pts === from) this.#seen = this.#plan.verifyFrom + 1;
    this.#started = true;
  }
}
