/** From the chunks of a sequence to the steps that render them: who reads which source, which engine works, what is black. */
import { blackFrame } from '../../media/black.ts';
import { fieldsMark } from '../../media/fields/field-index.ts';
import type { Frame } from '../../media/frame.ts';
import type { FrameReader } from '../../media/frame-reader.ts';
import { maskMark, type RealParts } from '../../media/mask/real-parts.ts';
import { realParts } from './clip-mask.ts';
import type { ClipPlan } from './clip-plan.ts';
import { EngineRoom, type EngineTotals } from './engine-room.ts';
import { sourceReader, type RenderStep } from './render.ts';
import type { Devices, SequenceChunk, SequencePlan } from './sequence-plan.ts';
import { pictures, type Picture } from './synthesis.ts';

/** What is kept open from one chunk to the next: the decoder of the source that is read, and engines for pictures like its own. */
export class RenderRoom implements AsyncDisposable {
  readonly #signal: AbortSignal;
  readonly #engines: EngineRoom;
  /** Somebody else keeps the engines open. */
  readonly #shared: boolean;
  readonly #keepShrink: number;
  #reader: { readonly of: string; readonly reader: FrameReader } | undefined;
  #parts: { readonly of: string; readonly parts: RealParts | undefined } | undefined;

  /** `shrink` as of EngineSetup, `keep` as of sourceReader. */
  constructor(
    { signal, threads }: { readonly signal: AbortSignal; readonly threads: number },
    engines?: EngineRoom,
    { shrink = 1, keep = 1 } = {},
  ) {
    this.#signal = signal;
    this.#engines = engines ?? new EngineRoom(threads, shrink);
    this.#keepShrink = keep;
    this.#shared = engines !== undefined;
  }

  /** How to render a chunk; its pictures are to be taken before those of the next. */
  step(
    { canvas, output }: SequencePlan,
    { key, otherwise, timestamps, clip, frames }: SequenceChunk,
    devices: Devices,
  ): RenderStep {
    if (!clip) {
      const black = blackFrame(canvas.format, canvas.width, canvas.height, canvas.colour);
      return { key, timestamps, output, pictures: () => repeated(black, timestamps.length - 1) };
    }
    const source = async () => ({
      reader: await this.#readerOf(clip),
      engine: (id: string | undefined) => this.#engines.engine(clip, devices, id),
      times: clip.timing.times,
      parts: await this.#partsOf(clip),
      signal: this.#signal,
    });
    return {
      key,
      otherwise,
      timestamps,
      output: clip.output,
      async *pictures() {
        yield* pictures(frames, await source());
      },
    };
  }

  totals(): Promise<EngineTotals> {
    return this.#engines.totals();
  }

  async #partsOf({ source, work, mask }: ClipPlan): Promise<RealParts | undefined> {
    const { width, height } = work.video;
    const what = [source.identity.path, source.identity.fingerprint, width, height, fieldsMark(source.facts.index)];
    const of = JSON.stringify([what, maskMark(mask)]);
    if (this.#parts?.of !== of) {
      await this.#parts?.parts?.[Symbol.asyncDispose]();
      this.#parts = { of, parts: realParts(mask, work, source.facts.index, this.#signal) };
    }
    return this.#parts.parts;
  }

  async #readerOf({ source, work }: ClipPlan): Promise<FrameReader> {
    const { width, height } = work.video;
    const fields = fieldsMark(source.facts.index) ?? '';
    const of = `${source.identity.path}\0${source.identity.fingerprint}\0${width}x${height}\0${fields}`;
    if (this.#reader?.of !== of) {
      await this.#reader?.reader[Symbol.asyncDispose]();
      this.#reader = { of, reader: sourceReader(work, source.facts.index, this.#signal, this.#keepShrink) };
    }
    return this.#reader.reader;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader?.reader[Symbol.asyncDispose]();
    await this.#parts?.parts?.[Symbol.asyncDispose]();
    if (!this.#shared) await this.#engines[Symbol.asyncDispose]();
  }
}

async function* repeated(frame: Frame, count: number): AsyncGenerator<Picture> {
  for (let i = 0; i < count; i++) yield { frame, confidence: null };
}
