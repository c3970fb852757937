/**
 * TensorFlow Hub's modules of CVI (tweening_conv3d_bair, tweening_conv3d_kth): their own graph, converted.
 *
 * [Note: hub modules] Their graph takes batches of 16 pairs of 64x64 pictures of three channels, 0..255, gives the 14 pictures between each, and draws its noise itself. Here the
 * noise comes in from outside, by the seed; the pair is laid into all places of the batch and the first is taken; stills are squeezed to the module's frame
 * whatever their aspect. No such module could be had: all of this is checked against a graph made of the same operators, and unverified against theirs.
 */
import { AppError } from '../../../../contract/errors.ts';
import type { Checkpoint } from '../../../import/checkpoint.ts';
import { tfGraphOf, type TfEnd, type TfSignature } from '../../../import/tf-graph.ts';
import { leftToCpu, openSession, type OpenSession } from '../../../nn/session.ts';
import type { Tensor } from '../../../onnx/graph.ts';
import type { EngineSetup } from '../../engine.ts';
import type { Picture } from '../../guide/fields.ts';
import { reduce } from '../../guide/reduce.ts';
import { gaussian } from '../../noise.ts';
import { FRAMES } from '../config.ts';
import { SmallFilm, type SmallFilmNetwork } from '../small.ts';
import { convertGraph, type ConvertedGraph } from './convert.ts';

const MIDDLE = FRAMES - 2;
/** Pairs in a batch, and pixels of a side, at most: the published ones have 16 and 64. */
const MOST_BATCH = 64;
const MOST_SIDE = 256;

/** What a module says of itself. */
export interface HubModule {
  readonly input: string;
  readonly output: string;
  readonly batch: number;
  readonly width: number;
  readonly height: number;
}

/** The module that a checkpoint is; null where it is none. Throws what `tfGraphOf` throws. */
export async function recogniseHub(checkpoint: Checkpoint): Promise<HubModule | null> {
  const graph = await tfGraphOf(checkpoint);
  for (const [name, signature] of graph?.signatures ?? []) {
    const found = name === 'default' ? moduleOf(signature) : null;
    if (found) return found;
  }
  return null;
}

function moduleOf({ inputs, outputs }: TfSignature): HubModule | null {
  const [input, ...more] = inputs.values();
  const output = outputs.get('default') ?? outputs.values().next().value;
  if (!input || !output || more.length > 0 || input.type !== 'float' || output.type !== 'float') return null;
  const [batch = 0, pair, height = 0, width = 0, channels] = input.shape ?? [];
  if (input.shape?.length !== 5 || pair !== 2 || channels !== 3 || !(Math.min(width, height) >= 8)) return null;
  if (batch > MOST_BATCH || Math.max(width, height) > MOST_SIDE) return null;
  if (!fits(output, [batch, MIDDLE, height, width, 3])) return null;
  // A size that is left open is one.
  return { input: input.name, output: output.name, batch: Math.max(1, batch), width, height };
}

/** Sizes that are not stated fit. */
function fits({ shape }: TfEnd, wanted: readonly number[]): boolean {
  return !shape || (shape.length === wanted.length && shape.every((size, axis) => size < 0 || size === wanted[axis]));
}

/** What `recognise` says of it. */
export function hubJson({ batch, width, height }: HubModule): Readonly<Record<string, unknown>> {
  return { layout: 'tf-hub', batch, frame: [height, width], channels: 3, T: FRAMES, verified: false };
}

export class HubNetwork implements SmallFilmNetwork {
  readonly device: string;
  readonly #module: HubModule;
  readonly #noises: ConvertedGraph['noises'];
  readonly #session: OpenSession;

  private constructor(module: HubModule, noises: ConvertedGraph['noises'], session: OpenSession, threads: number) {
    this.#module = module;
    this.#noises = noises;
    this.#session = session;
    this.device = `${session.device}${leftToCpu(session)}, ${threads} thread${threads === 1 ? '' : 's'}`;
  }

  /** Throws what `convertGraph` and `openSession` throw. */
  static async open(module: HubModule, checkpoint: Checkpoint, { threads, device }: EngineSetup): Promise<HubNetwork> {
    const tf = await tfGraphOf(checkpoint);
    if (!tf) throw new AppError('weights-mismatch', 'The checkpoint has no graph.');
    const { input, output, batch, width, height } = module;
    const ends = { input: { name: input, shape: [batch, 2, height, width, 3] }, output };
    const { graph, noises } = await convertGraph(tf, checkpoint, ends);
    const made = graph.outputs[0]!.shape.join();
    if (made !== [batch, MIDDLE, height, width, 3].join())
      throw new AppError('weights-mismatch', `The graph gives [${made}], which is no film of ${MIDDLE} pictures.`);
    return new HubNetwork(module, noises, await openSession(graph, { threads, device }), threads);
  }

  /** As `CviNetwork.film`; each random operator has a stream of the seed. */
  async film(first: Picture, last: Picture, seed: number, signal?: AbortSignal): Promise<SmallFilm> {
    const { width, height, batch } = this.#module;
    const small = [first, last].map((picture) => reduce(picture, width, height)) as [Picture, Picture];
    const pair = Float32Array.from([...pixels(small[0]), ...pixels(small[1])]);
    const pictures = new Float32Array(batch * pair.length);
    for (let n = 0; n < batch; n++) pictures.set(pair, n * pair.length);
    const noises = this.#noises.map(({ name, shape }, stream): [string, Tensor] => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, { dtype: 'float32', dims: shape, data: gaussian(seed, count, stream) }];
    });
    const inputs = {
      pictures: { dtype: 'float32', dims: [batch, 2, height, width, 3], data: pictures } as const,
      ...Object.fromEntries(noises),
    };
    const { film } = await this.#session.run(inputs, signal ? { signal } : {});
    const made = (film!.data as Float32Array).subarray(0, (MIDDLE * pair.length) / 2);
    if (!made.every(Number.isFinite))
      throw new AppError('engine-failed', `The module's film, made on ${this.device}, holds what is no number.`);
    return new SmallFilm(...small, { video: planes(made, width * height) }, 3);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.close();
  }
}

/** [height, width, 3], 0..255. */
function pixels({ width, height, data }: Picture): Float32Array {
  const count = width * height;
  return Float32Array.from({ length: 3 * count }, (_, i) => 255 * data[(i % 3) * count + Math.floor(i / 3)]!);
}

/** The fourteen pictures [14, height, width, 3] of 0..255 in their places of [16, 3, height, width], -1..1. The ends are not looked at. */
function planes(film: Float32Array, count: number): Float32Array {
  const out = new Float32Array(FRAMES * 3 * count);
  for (let i = 0; i < film.length; i++) {
    const [frame, pixel] = [Math.floor(i / (3 * count)), Math.floor(i / 3) % count];
    out[((frame + 1) * 3 + (i % 3)) * count + pixel] = film[i]! / 127.5 - 1;
  }
  return out;
}
