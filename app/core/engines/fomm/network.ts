/** FOMM opened: key points of pictures at its own size, and what it makes of a still and the points it should have. */
import { AppError } from '../../../contract/errors.ts';
import type { KeyPoint } from '../../../contract/morph.ts';
import { leftToCpu, openSession, type OpenSession } from '../../nn/session.ts';
import type { Tensor } from '../../onnx/graph.ts';
import type { Weights } from '../weights.ts';
import type { FommConfig } from './config.ts';
import { detectorGraph, generatorGraph, type Size } from './graph.ts';
import { inverse, IDENTITY, times } from './points.ts';

export interface NetworkOptions extends Partial<Size> {
  readonly threads: number;
  readonly device?: string | undefined;
  /** Also the outputs that only comparisons with the original need. */
  readonly all?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What the generator gives, float32 by name: `prediction`, `deformation`, `occlusion` where there is one (graph.ts). */
export type Generated = Readonly<Record<string, Tensor>>;

export class FommNetwork implements AsyncDisposable {
  readonly config: FommConfig;
  readonly size: Size;
  readonly device: string;
  readonly #detector: OpenSession;
  readonly #generator: OpenSession;

  private constructor(config: FommConfig, size: Size, device: string, sessions: readonly [OpenSession, OpenSession]) {
    this.config = config;
    this.size = size;
    this.device = device;
    [this.#detector, this.#generator] = sessions;
  }

  /** For pictures of `size`, the size it was trained at unless given. Throws what openSession throws. */
  static async open(config: FommConfig, weights: Weights, options: NetworkOptions): Promise<FommNetwork> {
    const { threads, device, signal, width = config.width, height = config.height, all } = options;
    const size = { width, height };
    await using stack = new AsyncDisposableStack();
    const open = async (graph: Parameters<typeof openSession>[0]): Promise<OpenSession> =>
      stack.adopt(await openSession(graph, { threads, device, signal }), (session) => session.close());
    const detector = await open(detectorGraph(config, weights, size));
    const generator = await open(generatorGraph(config, weights, size, all));
    const places = [...new Set([detector, generator].map((part) => part.device + leftToCpu(part)))].join(' and ');
    const network = new FommNetwork(
      config,
      size,
      places === 'cpu' ? `cpu, ${threads} thread${threads === 1 ? '' : 's'}` : places,
      [detector, generator],
    );
    stack.move();
    return network;
  }

  /** Key points of `picture`, [channels, height, width] in 0..1. Throws 'engine-failed' for what is no number. */
  async detect(picture: Float32Array, signal?: AbortSignal): Promise<KeyPoint[]> {
    const { values, jacobians } = await this.#detector.run(
      { picture: this.#picture(picture) },
      signal ? { signal } : {},
    );
    const at = values!.data as Float32Array;
    const turns = jacobians?.data as Float32Array | undefined;
    if (![...at, ...(turns ?? [])].every((value) => Number.isFinite(value)))
      throw new AppError('engine-failed', `The network's key points, found on ${this.device}, are no numbers.`);
    return Array.from({ length: this.config.points }, (_, i) => {
      const jacobian = turns ? [...turns.subarray(4 * i, 4 * i + 4)] : IDENTITY;
      return { x: at[2 * i]!, y: at[2 * i + 1]!, jacobian: [...jacobian] as KeyPoint['jacobian'] };
    });
  }

  /** The still `source` with its key points `from` moved to `to`. Both have as many as the network. */
  async generate(
    source: Float32Array,
    from: readonly KeyPoint[],
    to: readonly KeyPoint[],
    signal?: AbortSignal,
  ): Promise<Generated> {
    const { points } = this.config;
    if (from.length !== points || to.length !== points)
      throw new AppError(
        'bad-keypoints',
        `The network has ${points} key points, not ${from.length === points ? to.length : from.length}.`,
      );
    const places = (list: readonly KeyPoint[]): Tensor => ({
      ...{ dtype: 'float32', dims: [points, 1, 2] },
      data: Float32Array.from(list.flatMap(({ x, y }) => [x, y])),
    });
    const linear = from.flatMap((own, i) => {
      const [a, b, c, d] = this.config.jacobian ? times(own.jacobian, inverse(to[i]!.jacobian)) : IDENTITY;
      return [a, c, b, d];
    });
    return await this.#generator.run(
      {
        source: this.#picture(source),
        from: places(from),
        to: places(to),
        linear: { dtype: 'float32', dims: [points, 2, 2], data: Float32Array.from(linear) },
      },
      signal ? { signal } : {},
    );
  }

  #picture(data: Float32Array): Tensor {
    return { dtype: 'float32', dims: [1, this.config.channels, this.size.height, this.size.width], data };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#detector.close(), this.#generator.close()]);
  }
}
