/** What a network of RGB pictures is to the rest, and the interpolator around it. */
import { AppError } from '../../contract/errors.ts';
import { floatRgb, frameOfFloatRgb } from '../media/float-rgb.ts';
import type { Frame, Plane } from '../media/frame.ts';
import { mix } from './blend.ts';
import { requireAlike } from './engine.ts';
import type { Between, BetweenOptions, EngineSetup, Interpolator } from './engine.ts';
import { steadied } from './steady.ts';

/**
 * A network opened for one picture size. Pictures are planar R'G'B' [3, height, width], nominally 0..1, not padded; what comes out is
 * not clipped.
 */
export interface PictureNetwork extends AsyncDisposable {
  /** For people: 'cpu, 2 threads'. */
  readonly device: string;
  /**
   * The picture at 0 < t < 1 and how sure the network is, 0..1. Neither input is written to. Calls with the very arrays of the call before
   * may use what that one computed. Throws the signal's reason on abort.
   */
  between(a: Float32Array, b: Float32Array, t: number, signal?: AbortSignal): Promise<NetworkPicture>;
}

export interface NetworkPicture {
  readonly picture: Float32Array;
  readonly confidence: number;
}

/**
 * An interpolator over `network`: native planes to floats and back ([Note: float colour]), without flicker where nothing moves ([Note: steady]); alpha is
 * faded. Between two frames that are the same is that frame. Owns the network.
 */
export function overPictures(setup: EngineSetup, network: PictureNetwork): Interpolator {
  return new OverPictures(setup, network);
}

class OverPictures implements Interpolator {
  readonly #setup: EngineSetup;
  readonly #network: PictureNetwork;
  readonly #spent = { analysisMs: 0, synthesisMs: 0 };
  /** The last two frames as floats: the next pair most often begins with the last one's end. */
  #held: { frame: Frame; picture: Float32Array }[] = [];

  constructor(setup: EngineSetup, network: PictureNetwork) {
    this.#setup = setup;
    this.#network = network;
  }

  get device(): string {
    return this.#network.device;
  }

  get spent(): { readonly analysisMs: number; readonly synthesisMs: number } {
    return { ...this.#spent };
  }

  /**
   * Throws AppError 'size-mismatch' where the two differ in size or format or have another size than the engine was opened for, and
   * 'engine-failed' where the network gives what is no number.
   */
  async *between(
    a: Frame,
    b: Frame,
    timesteps: readonly number[],
    options: BetweenOptions = {},
  ): AsyncGenerator<Between> {
    const { width, height, colour = {} } = this.#setup;
    if (timesteps.length === 0) return;
    requireAlike(a, b);
    if (a.width !== width || a.height !== height)
      throw new AppError('size-mismatch', `The engine was opened for ${width}x${height}, not ${a.width}x${a.height}.`);
    if (isSame(a, b)) {
      for (const t of timesteps) yield { frame: { ...a, index: -1, time: timeBetween(a, b, t) }, confidence: 1 };
      return;
    }
    let clock = performance.now();
    const [first, second] = [this.#floats(a), this.#floats(b)];
    this.#held = [
      { frame: a, picture: first },
      { frame: b, picture: second },
    ];
    this.#spent.analysisMs += performance.now() - clock;
    for (const t of timesteps) {
      options.signal?.throwIfAborted();
      clock = performance.now();
      const { picture, confidence } = await this.#network.between(first, second, t, options.signal);
      // Such samples would become black or white, and nobody would be told.
      if (!allFinite(picture) || Number.isNaN(confidence))
        throw new AppError('engine-failed', `The network's picture, made on ${this.device}, holds what is no number.`);
      const steady = steadied(picture, [first, second], t, { width, height });
      const frame = frameOfFloatRgb(steady, a, colour, timeBetween(a, b, t));
      fadeAlpha(a, b, t, frame);
      this.#spent.synthesisMs += performance.now() - clock;
      yield { frame, confidence: Math.min(1, Math.max(0, confidence)) };
    }
  }

  #floats(frame: Frame): Float32Array {
    const held = this.#held.find((each) => each.frame === frame);
    return held?.picture ?? floatRgb(frame, this.#setup.colour ?? {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#held = [];
    await this.#network[Symbol.asyncDispose]();
  }
}

function timeBetween(a: Frame, b: Frame, t: number): number {
  return Math.round(a.time + t * (b.time - a.time));
}

function isSame(a: Frame, b: Frame): boolean {
  const bytes = ({ data }: Plane): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return a.planes.every((plane, n) => bytes(plane).equals(bytes(b.planes[n]!)));
}

/** Whether every sample is a finite number: 0 times any other is none. */
function allFinite(picture: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < picture.length; i++) sum += 0 * picture[i]!;
  return sum === 0;
}

function fadeAlpha(a: Frame, b: Frame, t: number, out: Frame): void {
  const alpha = out.format.planes.findIndex(({ channel }) => channel === 'a');
  if (alpha >= 0) mix(a.planes[alpha]!.data, b.planes[alpha]!.data, t, out.planes[alpha]!.data);
}
