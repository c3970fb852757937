/** What of each pair of frames of a source is taken from the real frames: the parts that stand still, and those that somebody painted. */
import type { MaskChoice } from '../../../contract/choices.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import type { FrameReader } from '../frame-reader.ts';
import { paintedWeights, requireMask } from './painted.ts';
import { smallInfo, stillOf } from './source.ts';
import { STILL_VERSION } from './still.ts';
import type { Weights } from './weights.ts';

/** What is done where nobody chose: RetimeSpec.mask says why. */
const UNLESS_GIVEN: MaskChoice = { auto: false };

/** A mask that was looked for. */
export interface MaskPlan extends MaskChoice {
  /** The folder of masks. */
  readonly folder: string;
}

/** The mask of a clip, or undefined where there is none. Throws mask-missing. */
export async function planMask(
  choice: MaskChoice = UNLESS_GIVEN,
  folder: string,
  whose: string,
): Promise<MaskPlan | undefined> {
  if (choice.painted !== undefined) await requireMask(folder, choice.painted, whose);
  return choice.auto || choice.painted !== undefined ? { ...choice, folder } : undefined;
}

/** What of a mask determines pixels: for keys of chunks. */
export function maskMark(mask: MaskPlan | undefined): unknown {
  return mask && [mask.auto ? STILL_VERSION : 0, mask.painted];
}

/** The layers of a mask for one source, decoded once more and small where still parts are looked for. */
export class RealParts implements AsyncDisposable {
  readonly #plan: MaskPlan;
  readonly #info: VideoInfo;
  readonly #frames: number;
  readonly #open: (small: VideoInfo) => FrameReader;
  readonly #signal: AbortSignal;
  #reader: FrameReader | undefined;
  #painted: Promise<Weights> | undefined;
  #last: { readonly a: number; readonly b: number; readonly layers: readonly Weights[] } | undefined;

  /** `info` as its frames are decoded, of which there are `frames`; `open` gives a reader of the same made smaller. */
  constructor(
    plan: MaskPlan,
    {
      info,
      frames,
      open,
      signal,
    }: { info: VideoInfo; frames: number; open: (small: VideoInfo) => FrameReader; signal: AbortSignal },
  ) {
    this.#plan = plan;
    this.#info = info;
    this.#frames = frames;
    this.#open = open;
    this.#signal = signal;
  }

  /** The layers for pictures between frames a and b; none where all is the engine's. Throws mask-missing, and what decoding throws. */
  async layers(a: number, b: number): Promise<readonly Weights[]> {
    if (this.#last?.a === a && this.#last.b === b) return this.#last.layers;
    const { auto, painted, folder } = this.#plan;
    const layers: Weights[] = [];
    if (painted !== undefined) {
      this.#painted ??= paintedWeights(folder, painted, this.#info.video, { signal: this.#signal });
      layers.push(await this.#painted);
    }
    const still = auto && (await this.#still(a, b));
    if (still) layers.push(still);
    this.#last = { a, b, layers };
    return layers;
  }

  async #still(a: number, b: number): Promise<Weights | undefined> {
    this.#reader ??= this.#open(smallInfo(this.#info));
    const reader = this.#reader;
    return await stillOf({ a, b }, this.#frames, (index) => reader.get(index));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader?.[Symbol.asyncDispose]();
  }
}
