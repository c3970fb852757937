/**
 * In-between pictures of stills with transparency.
 *
 * [Note: transparency] Colours under what is transparent mean nothing, and most engines would mix them in, or fade the alpha in place while they move the
 * colours. Engines that work on any plane alike (glide, blend) are given colours multiplied by alpha, in 16 bits, so that both move as one. Networks
 * see RGB alone: they fill the gap twice, once with the stills on black and once on white, and alpha is what the two pictures agree on (Smith
 * and Blinn, Blue screen matting, 1996): on black a pixel is alpha * F, on white alpha * F + 1 - alpha. What is within 3 % of opaque or of nothing is that.
 */
import { AppError } from '../../contract/errors.ts';
import type { Between } from '../engines/engine.ts';
import type { FillOptions, Gap, Inbetweener, Keyframe } from '../engines/inbetween.ts';
import type { Frame, PixelFormat, Samples } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { atDepth } from '../score/rgb.ts';
import { bled } from './bleed.ts';

const TOP = 65535;
/** Of alpha, 0..1. */
const SURE = 0.03;

export function hasAlpha({ planes }: PixelFormat): boolean {
  return planes.some(({ channel }) => channel === 'a');
}

/** An engine for planar RGB with alpha out of one for any planes; owns it. */
export function multiplied(engine: Inbetweener): Inbetweener {
  const kept = new WeakMap<Frame, Frame>();
  const prepare = (frame: Frame): Frame => remembered(kept, frame, () => onGround(frame, 0, true));
  return {
    device: engine.device,
    async *fill(gap, times, options) {
      const like = gap.first.frame;
      for await (const { frame, confidence } of engine.fill(mapped(gap, prepare), times, options)) {
        const [g, b, r, a] = frame.planes.map(({ data }) => data) as [Samples, Samples, Samples, Samples];
        yield { frame: divided(like, frame.time, [g, b, r], (i) => a[i]! / TOP), confidence };
      }
    },
    ...(engine.points && { points: (frame: Frame, signal?: AbortSignal) => engine.points!(prepare(frame), signal) }),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** The same out of two for RGB; owns them. */
export function onTwoGrounds(onBlack: Inbetweener, onWhite: Inbetweener): Inbetweener {
  const [blacks, whites] = [new WeakMap<Frame, Frame>(), new WeakMap<Frame, Frame>()];
  const black = (frame: Frame): Frame => remembered(blacks, frame, () => onGround(frame, 0, false));
  const white = (frame: Frame): Frame => remembered(whites, frame, () => onGround(frame, TOP, false));
  return {
    device: onBlack.device,
    async *fill(whole, times, options) {
      const gap = await pointed(whole, onBlack, black, options.signal);
      const second = fillOf(onWhite, mapped(gap, white), times, options);
      try {
        for await (const first of onBlack.fill(mapped(gap, black), times, options)) {
          const other = await second.next();
          if (other.done) throw new AppError('engine-failed', 'The engine made fewer pictures the second time.');
          yield agreed(gap.first.frame, first, other.value);
        }
      } finally {
        await second.return?.();
      }
    },
    ...(onBlack.points && { points: (frame: Frame, signal?: AbortSignal) => onBlack.points!(black(frame), signal) }),
    async [Symbol.asyncDispose]() {
      await onBlack[Symbol.asyncDispose]();
      await onWhite[Symbol.asyncDispose]();
    },
  };
}

/** The gap with its key points, where the engine thinks in them: found on the other ground they would be others, and the two pictures would not agree. */
async function pointed(
  gap: Gap,
  engine: Inbetweener,
  prepare: (frame: Frame) => Frame,
  signal: AbortSignal | undefined,
): Promise<Gap> {
  if (!engine.points) return gap;
  const one = async (keyframe: Keyframe): Promise<Keyframe> => {
    return { ...keyframe, points: keyframe.points ?? (await engine.points!(prepare(keyframe.frame), signal)) };
  };
  const { before, first, last, after } = gap;
  return {
    ...(before && { before: await one(before) }),
    ...{ first: await one(first), last: await one(last) },
    ...(after && { after: await one(after) }),
  };
}

function fillOf(engine: Inbetweener, gap: Gap, times: readonly number[], options: FillOptions): AsyncIterator<Between> {
  return engine.fill(gap, times, options)[Symbol.asyncIterator]();
}

function agreed(like: Frame, black: Between, white: Between): Between {
  const dark = black.frame.planes.map(({ data }) => data) as [Samples, Samples, Samples];
  const light = white.frame.planes.map(({ data }) => data) as [Samples, Samples, Samples];
  const alpha = (i: number): number => {
    let apart = 0;
    for (let n = 0; n < 3; n++) apart += light[n]![i]! - dark[n]![i]!;
    const value = 1 - apart / (3 * TOP);
    return value >= 1 - SURE ? 1 : value <= SURE ? 0 : value;
  };
  return {
    frame: divided(like, black.frame.time, dark, alpha),
    confidence: Math.min(black.confidence, white.confidence),
  };
}

/** One frame for each, as long as it is held: engines know a picture again by its object. */
function remembered(kept: WeakMap<Frame, Frame>, frame: Frame, make: () => Frame): Frame {
  const found = kept.get(frame) ?? make();
  kept.set(frame, found);
  return found;
}

function mapped({ before, first, last, after }: Gap, prepare: (frame: Frame) => Frame): Gap {
  const one = (keyframe: Keyframe): Keyframe => ({ ...keyframe, frame: prepare(keyframe.frame) });
  return {
    ...(before && { before: one(before) }),
    first: one(first),
    last: one(last),
    ...(after && { after: one(after) }),
  };
}

/** RGB with alpha as RGB of 16 bits on a ground of one brightness; `keep` keeps the alpha beside it. */
function onGround(frame: Frame, ground: number, keep: boolean): Frame {
  const planes = frame.planes.map(({ data }) => atDepth(data, frame.format.bits, 16));
  const alpha = planes[3]!;
  const out = planes.slice(0, 3).map((data) => {
    const into = new Uint16Array(data.length);
    for (let i = 0; i < into.length; i++) {
      const share = alpha[i]! / TOP;
      into[i] = share * data[i]! + (1 - share) * ground + 0.5;
    }
    return into;
  });
  const { width, height } = frame;
  return {
    ...frame,
    format: pixelFormat(keep ? 'gbrap16le' : 'gbrp16le'),
    planes: [...out, ...(keep ? [alpha] : [])].map((data) => ({ width, height, data })),
  };
}

/** Colours that were multiplied by `alpha` (0..1), of 16 bits, in the format of `like`. */
function divided(like: Frame, time: number, colours: readonly Samples[], alpha: (i: number) => number): Frame {
  const { width, height, format } = like;
  const top = 2 ** format.bits - 1;
  const make = (): Samples =>
    format.bytesPerSample === 1 ? new Uint8Array(width * height) : new Uint16Array(width * height);
  const out = [make(), make(), make(), make()] as const;
  for (let i = 0; i < width * height; i++) {
    const share = alpha(i);
    out[3][i] = share * top + 0.5;
    if (share <= 0) continue;
    for (let n = 0; n < 3; n++) out[n]![i] = Math.min(top, (colours[n]![i]! / (share * TOP)) * top + 0.5);
  }
  return bled({ format, width, height, planes: out.map((data) => ({ width, height, data })), index: -1, time });
}
