/**
 * FILM run: the recursion its authors use, and what is taken between its steps.
 *
 * [Note: FILM at any time] The network was trained for the middle of a pair alone. Timesteps that are whole 256ths are reached by halving, up
 * to eight times, as published (2^n - 1 pictures after n rounds). For every other timestep the network runs on the half the timestep lies
 * in, with its flows scaled: the flow that samples the half's first picture counts s times, the other 1 - s times, where s is how far into the
 * half the timestep lies (dajes' generalisation; it takes motion within the half to be uniform). On frames of six clips 5 and 10 apart
 * halves, quarters, eighths and sixteenths came within 0.14 dB of each other, and halves cost least.
 */
import { leftToCpu, openSession, type OpenSession } from '../../nn/session.ts';
import type { EngineSetup } from '../engine.ts';
import type { NetworkPicture, PictureNetwork } from '../picture-network.ts';
import { Recursion } from '../recursion.ts';
import type { Weights } from '../weights.ts';
import type { FilmConfig } from './config.ts';
import { filmGraph } from './graph.ts';

/** Halvings at most: `morph` makes up to 2^8 - 1 pictures. */
const ROUNDS = 8;
/** Parts a pair is halved into before flows are scaled. */
const BRACKETS = 2;
/** A timestep this near to a 256th is one. */
const EXACT = 1e-6;
/** Mean difference of the warped pictures, in 255ths, at which the confidence is one half: as for `blend`. */
const HALF_SURE = 4;

/** Side of the small build that devices are tried on; a multiple of every pyramid's. */
const TRIAL_SIDE = 256;

/**
 * FILM for pictures of one size, centred in `padding` up to a multiple of what the pyramid needs; the published wrapper pads with zeros.
 * Throws what `openSession` throws.
 */
export async function openFilmNetwork(
  config: FilmConfig,
  weights: Weights,
  { width, height, threads, device }: EngineSetup,
  padding: 'zeros' | 'edge' = 'zeros',
): Promise<PictureNetwork> {
  const trial = () => filmGraph(config, weights, { width: TRIAL_SIDE, height: TRIAL_SIDE });
  const graph = filmGraph(config, weights, { width, height, padding });
  const session = await openSession(graph, { threads, device, trial });
  return new FilmNetwork(session, { width, height, threads });
}

class FilmNetwork implements PictureNetwork {
  readonly device: string;
  readonly #session: OpenSession;
  readonly #dims: readonly number[];
  readonly #recursion: Recursion;
  /** Of pictures made, which others are made of. */
  readonly #sure = new WeakMap<Float32Array, number>();

  constructor(session: OpenSession, { width, height, threads }: EngineSetup) {
    this.#session = session;
    this.#dims = [1, 3, height, width];
    this.device =
      session.device === 'cpu'
        ? `cpu, ${threads} thread${threads === 1 ? '' : 's'}`
        : session.device + leftToCpu(session);
    this.#recursion = new Recursion(async (a, b, signal) => {
      const { picture, confidence } = await this.#run(a, b, 0.5, signal);
      this.#sure.set(picture, confidence);
      return picture;
    }, ROUNDS);
  }

  /** [Note: FILM at any time]. A picture is as sure as the least sure one it is made of. */
  async between(a: Float32Array, b: Float32Array, t: number, signal?: AbortSignal): Promise<NetworkPicture> {
    const { parts } = this.#recursion;
    const part = Math.round(t * parts);
    if (part > 0 && part < parts && Math.abs(t * parts - part) < EXACT) {
      const picture = await this.#recursion.part(a, b, part, signal);
      this.#recursion.dropBefore(part);
      return { picture, confidence: this.#sure.get(picture) ?? 1 };
    }
    const bracket = Math.min(BRACKETS - 1, Math.floor(t * BRACKETS));
    const step = parts / BRACKETS;
    const before = await this.#recursion.part(a, b, bracket * step, signal);
    const after = await this.#recursion.part(a, b, (bracket + 1) * step, signal);
    this.#recursion.dropBefore(bracket * step);
    return await this.#run(before, after, t * BRACKETS - bracket, signal);
  }

  async #run(a: Float32Array, b: Float32Array, t: number, signal?: AbortSignal): Promise<NetworkPicture> {
    const picture = (data: Float32Array) => ({ dtype: 'float32', dims: this.#dims, data }) as const;
    const time = { dtype: 'float32', dims: [1], data: Float32Array.of(t) } as const;
    const inputs = { x0: picture(a), x1: picture(b), t: time };
    const { image, difference } = await this.#session.run(inputs, signal ? { signal } : {});
    const apart = 255 * Math.abs(Number(difference!.data[0]));
    const own = HALF_SURE / (HALF_SURE + apart);
    const confidence = Math.min(own, this.#sure.get(a) ?? 1, this.#sure.get(b) ?? 1);
    return { picture: image!.data as Float32Array, confidence };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#recursion.clear();
    await this.#session.close();
  }
}
