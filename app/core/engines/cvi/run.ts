/** CVI run: stills on the network's grid in, its small film out. */
import { AppError } from '../../../contract/errors.ts';
import { leftToCpu, openSession, type OpenSession } from '../../nn/session.ts';
import type { Tensor } from '../../onnx/graph.ts';
import type { EngineSetup } from '../engine.ts';
import type { Picture } from '../guide/fields.ts';
import { reduce } from '../guide/reduce.ts';
import { gaussian } from '../noise.ts';
import type { Weights } from '../weights.ts';
import type { CviConfig } from './config.ts';
import { cviGraph } from './graph.ts';
import { gridOf, seen, SmallFilm, type SmallFilmNetwork, type Grid, type Made } from './small.ts';

/** A network for stills of one size. */
export class CviNetwork implements SmallFilmNetwork {
  readonly device: string;
  readonly #config: CviConfig;
  readonly #grid: Grid;
  readonly #session: OpenSession;

  private constructor(config: CviConfig, grid: Grid, session: OpenSession, threads: number) {
    this.#config = config;
    this.#grid = grid;
    this.#session = session;
    this.device =
      session.device === 'cpu'
        ? `cpu, ${threads} thread${threads === 1 ? '' : 's'}`
        : session.device + leftToCpu(session);
  }

  /** Throws what `openSession` throws. */
  static async open(
    config: CviConfig,
    weights: Weights,
    { width, height, threads, device }: EngineSetup,
  ): Promise<CviNetwork> {
    const grid = gridOf(width, height, config);
    const session = await openSession(cviGraph(config, weights, grid), { threads, device });
    return new CviNetwork(config, grid, session, threads);
  }

  /**
   * The film between two stills of any size. The noise is `gaussian(seed, ...)`, the same on every machine. Throws 'engine-failed' where the network gives
   * what is no number, the signal's reason.
   */
  async film(first: Picture, last: Picture, seed: number, signal?: AbortSignal): Promise<SmallFilm> {
    const { channels, noise } = this.#config;
    const { width, height } = this.#grid;
    const small = [first, last].map((picture) => reduce(picture, width, height)) as [Picture, Picture];
    const still = (picture: Picture): Tensor => {
      return { dtype: 'float32', dims: [1, channels, height, width], data: seen(picture, channels) };
    };
    const random: Tensor = { dtype: 'float32', dims: [1, noise], data: gaussian(seed, noise) };
    const inputs = { first: still(small[0]), last: still(small[1]), noise: random };
    const outputs = await this.#session.run(inputs, signal ? { signal } : {});
    const made = Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
    // Such samples would become black, and nobody would be told.
    if (!Object.values(made).every((data) => (data as Float32Array).every(Number.isFinite)))
      throw new AppError('engine-failed', `The network's film, made on ${this.device}, holds what is no number.`);
    return new SmallFilm(...small, made as unknown as Made, channels);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.close();
  }
}
