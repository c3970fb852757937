/**
 * FOMM as an in-betweening engine: key points of both stills, their way, and at every moment both stills moved along it.
 *
 * [Note: FOMM's size] The network sees pictures at the size it was trained at, squeezed to its aspect as the authors' own program does. Key points,
 * jacobians and the Gaussians around the points are in halves of the picture's sides, and its U-Nets see just as far as their depth: on a wider grid the
 * same points would mean other shapes, and one end of the picture would not see the other. On the middle frames of 16:9 clips that nobody trained on
 * (fights, 284x160) squeezed 64x64 gave 24.49 dB where 128x64 gave 24.35 and 96x64 24.23 (a script that is not kept). The models of motion were trained on the points of square
 * pictures, too.
 */
import { AppError } from '../../../contract/errors.ts';
import type { KeyPoint, MorphMotion } from '../../../contract/morph.ts';
import { floatRgb, frameOfFloatRgb } from '../../media/float-rgb.ts';
import type { Frame } from '../../media/frame.ts';
import { mix } from '../blend.ts';
import { requireAlike, type Between, type EngineSetup } from '../engine.ts';
import { enlarge } from '../guide/enlarge.ts';
import type { GuideFields, Picture } from '../guide/fields.ts';
import { reduce } from '../guide/reduce.ts';
import { renderGuided } from '../guide/render.ts';
import type { FillOptions, Gap, Inbetweener, Keyframe } from '../inbetween.ts';
import type { MotionModel } from '../motion/index.ts';
import type { Stitch } from '../motion/run.ts';
import { agreement, betweenFields, movedFields, paintedOf } from './fields.ts';
import type { FommNetwork } from './network.ts';
import { sampledPath, straightPath, type PointPath } from './path.ts';

/** Luma of R'G'B', as grey videos were made of colour ones for training: BT.601. */
const LUMA = [0.299, 0.587, 0.114] as const;
/** Pictures whose planes differ by no more than this are grey. */
const GREY = 2 / 255;

/** Gives the model of motion of a kind; throws where there is none. */
export type FindMotion = (kind: Exclude<MorphMotion, 'linear'>, points: number) => Promise<MotionModel>;

/** As FOMM and its models of motion are published; absent, as is best between two stills. */
export interface Published {
  /** Every picture is what the generator paints of the first still, enlarged. */
  readonly firstOnly?: boolean;
  /** How the autoregressive model's roll-outs are joined. */
  readonly stitch?: Stitch;
}

/** A still as the network sees it. */
interface Seen {
  /** R'G'B' at the network's size. */
  readonly small: Picture;
  /** [channels, height, width] of the network. */
  readonly input: Float32Array;
}

export class FommInbetweener implements Inbetweener {
  readonly #network: FommNetwork;
  readonly #setup: EngineSetup;
  readonly #findMotion: FindMotion;
  readonly #published: Published;
  readonly #detected = new WeakMap<Frame, KeyPoint[]>();
  /** The stills of the last gap: the next one most often begins with the last one's end. */
  #held: { readonly frame: Frame; readonly whole: Picture }[] = [];
  readonly #seen = new WeakMap<Frame, Seen>();

  /** Owns the network. */
  constructor(network: FommNetwork, setup: EngineSetup, findMotion: FindMotion, published: Published = {}) {
    this.#network = network;
    this.#setup = setup;
    this.#findMotion = findMotion;
    this.#published = published;
  }

  get device(): string {
    return this.#network.device;
  }

  async points(frame: Frame, signal?: AbortSignal): Promise<KeyPoint[]> {
    const found = this.#detected.get(frame) ?? (await this.#network.detect(this.#see(frame).input, signal));
    this.#detected.set(frame, found);
    return found.map((point) => ({ ...point, jacobian: [...point.jacobian] }));
  }

  /** Key points of a picture of any size, R'G'B'. */
  async detect(picture: Picture, signal?: AbortSignal): Promise<KeyPoint[]> {
    return await this.#network.detect(this.#reduced(picture).input, signal);
  }

  /** Key points a picture has. */
  get count(): number {
    return this.#network.config.points;
  }

  /** Side of the square, or the longer one, that the network sees, and in how many colours. */
  get sees(): { readonly size: number; readonly channels: 1 | 3 } {
    const { size, config } = this.#network;
    return { size: Math.max(size.width, size.height), channels: config.channels };
  }

  /**
   * Throws 'bad-keypoints' where points set by hand are not as many as the network's, 'model-unknown' where there is no model for the motion asked for,
   * and as Inbetweener says.
   */
  async *fill(gap: Gap, times: readonly number[], options: FillOptions): AsyncGenerator<Between> {
    const { signal } = options;
    if (times.length === 0) return;
    const [a, b] = [gap.first.frame, gap.last.frame];
    requireAlike(a, b);
    const [first, last] = [await this.#pointsOf(gap.first, signal), await this.#pointsOf(gap.last, signal)];
    const path = await this.#pathOf(gap, first, last, options);
    const byHand = gap.first.points !== undefined || gap.last.points !== undefined;
    this.#held = [a, b].map((frame) => ({ frame, whole: this.#whole(frame) }));
    for (const t of times) {
      signal?.throwIfAborted();
      const { picture, confidence } = await this.#at({ a, b, first, last, byHand, now: path(t), t }, options);
      const time = Math.round(a.time + t * (b.time - a.time));
      const frame = frameOfFloatRgb(picture, a, this.#setup.colour ?? {}, time);
      const alpha = frame.format.planes.findIndex(({ channel }) => channel === 'a');
      if (alpha >= 0) mix(a.planes[alpha]!.data, b.planes[alpha]!.data, t, frame.planes[alpha]!.data);
      yield { frame, confidence };
    }
  }

  /**
   * The still moved from its key points to others, FOMM's own use: what it does not show is painted. `guided` false enlarges the generator's
   * picture instead. In the still's format, at its time. Throws as `fill`.
   */
  async move(
    still: Frame,
    from: readonly KeyPoint[],
    to: readonly KeyPoint[],
    { guided = true, signal }: { guided?: boolean; signal?: AbortSignal | undefined } = {},
  ): Promise<Frame> {
    const { small, input } = this.#see(still);
    const made = await this.#network.generate(input, from, to, signal);
    const { width, height } = still;
    const fields = movedFields(made, this.#network.size, this.#paints(small));
    requireNumbers(fields, this.device);
    const whole = this.#whole(still);
    this.#held = [{ frame: still, whole }];
    const picture = guided
      ? renderGuided(whole, whole, fields)
      : enlarge({ ...this.#network.size, data: paintedOf(made) }, width, height);
    const frame = frameOfFloatRgb(picture, still, this.#setup.colour ?? {}, still.time);
    const alpha = frame.format.planes.findIndex(({ channel }) => channel === 'a');
    const own = still.planes[alpha]?.data;
    if (own) mix(own, own, 0, frame.planes[alpha]!.data);
    return frame;
  }

  async #at(
    moment: Moment,
    { guided = true, signal }: FillOptions,
  ): Promise<{ picture: Float32Array; confidence: number }> {
    const { a, b, first, last, now, t } = moment;
    const { width, height } = a;
    const { size } = this.#network;
    const [seenA, seenB] = [this.#see(a), this.#see(b)];
    const fromFirst = await this.#network.generate(seenA.input, first, now, signal);
    if (this.#published.firstOnly) {
      requireNumbers(movedFields(fromFirst, size), this.device);
      return { picture: enlarge({ ...size, data: paintedOf(fromFirst) }, width, height), confidence: 1 - t };
    }
    const fromLast = await this.#network.generate(seenB.input, last, now, signal);
    const paints = this.#paints(seenA.small) && this.#paints(seenB.small);
    const doubted = moment.byHand ? undefined : ([seenA.small, seenB.small] as const);
    const fields = betweenFields(fromFirst, fromLast, t, size, { paints, doubted });
    requireNumbers(fields, this.device);
    const confidence = agreement(seenA.small, seenB.small, fields);
    if (guided) return { picture: renderGuided(this.#whole(a), this.#whole(b), fields), confidence };
    const small = { ...size, data: renderGuided(seenA.small, seenB.small, fields) };
    return { picture: enlarge(small, width, height), confidence };
  }

  async #pointsOf({ frame, points }: Keyframe, signal?: AbortSignal): Promise<readonly KeyPoint[]> {
    if (!points) return await this.points(frame, signal);
    const wanted = this.#network.config.points;
    const sound = points.every(({ x, y, jacobian }) => [x, y, ...jacobian].every((value) => Number.isFinite(value)));
    if (points.length === wanted && sound) return points;
    const why = sound ? `this engine has ${wanted} key points, not ${points.length}` : 'they are no numbers';
    throw new AppError('bad-keypoints', `The key points set by hand cannot be used: ${why}.`);
  }

  async #pathOf(
    gap: Gap,
    first: readonly KeyPoint[],
    last: readonly KeyPoint[],
    { motion, seed, signal }: FillOptions,
  ): Promise<PointPath> {
    if (motion !== 'linear') {
      const model = await this.#findMotion(motion, first.length);
      return sampledPath(model.path(first, last, { seed, stitch: this.#published.stitch }));
    }
    const before = gap.before && (await this.#pointsOf(gap.before, signal));
    const after = gap.after && (await this.#pointsOf(gap.after, signal));
    return straightPath({ before, first, last, after });
  }

  #whole(frame: Frame): Picture {
    const held = this.#held.find((each) => each.frame === frame);
    if (held) return held.whole;
    const { width, height } = frame;
    return { width, height, data: floatRgb(frame, this.#setup.colour ?? {}) };
  }

  #see(frame: Frame): Seen {
    const known = this.#seen.get(frame);
    if (known) return known;
    const { width, height } = this.#setup;
    if (frame.width !== width || frame.height !== height)
      throw new AppError(
        'size-mismatch',
        `The engine was opened for ${width}x${height}, not ${frame.width}x${frame.height}.`,
      );
    const seen = this.#reduced(this.#whole(frame));
    this.#seen.set(frame, seen);
    return seen;
  }

  #reduced(picture: Picture): Seen {
    const { size, config } = this.#network;
    const small = reduce(picture, size.width, size.height);
    const limited = small.data.map((value) => Math.min(1, Math.max(0, value)));
    return { small, input: config.channels === 3 ? limited : lumaOf(limited) };
  }

  /** Whether what the generator paints can be shown: one of one channel paints no colours. */
  #paints({ data }: Picture): boolean {
    if (this.#network.config.channels === 3) return true;
    const count = data.length / 3;
    return data.every((value, i) => Math.abs(value - data[i % count]!) <= GREY);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#held = [];
    await this.#network[Symbol.asyncDispose]();
  }
}

/** A moment between the stills a and b. */
interface Moment {
  readonly a: Frame;
  readonly b: Frame;
  readonly first: readonly KeyPoint[];
  readonly last: readonly KeyPoint[];
  /** The user set key points. */
  readonly byHand: boolean;
  readonly now: readonly KeyPoint[];
  readonly t: number;
}

function lumaOf(data: Float32Array): Float32Array {
  const count = data.length / 3;
  const [red, green, blue] = LUMA;
  return Float32Array.from(
    { length: count },
    (_, i) => red * data[i]! + green * data[count + i]! + blue * data[2 * count + i]!,
  );
}

/** Such fields would show nothing in places, and nobody would be told. */
function requireNumbers(fields: GuideFields, device: string): void {
  for (const data of [fields.toFirst, fields.toLast, fields.weights, fields.painted])
    if (!data.every((value) => Number.isFinite(value)))
      throw new AppError('engine-failed', `What the network gives, run on ${device}, is no number.`);
}
