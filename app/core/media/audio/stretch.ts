/**
 * Time stretching with the pitch kept, by Signalsmith Stretch (MIT, WebAssembly, the npm package signalsmith-stretch).
 *
 * [Note: time stretching]
 * Choice: one library, Signalsmith Stretch, run in the process on blocks of 20 ms.
 * Why: it can be told, for every block, which place of the source to sound like (`seek`). So the time map is followed by
 * absolute positions and nothing can drift, however long the sound or wild the curve; reverse and jumps are only other
 * positions. It works with any ffmpeg, costs no process, and its licence is ours.
 * Trade-offs. ffmpeg's rubberband filter sounds a little better on music, but takes only relative tempo changes (by
 * asendcmd, whose errors add up), is missing from some builds, and cannot run backwards. Rubber Band as WebAssembly is
 * GPL-2.0, which would bind the whole of Inbetween. WSOLA (atempo, SoundTouch) echoes below three quarters of the speed.
 * The package is made for the browser, so we lend it the few globals of an AudioWorklet and call its module directly.
 *
 * Beyond a stretch of 2 the library randomises phases to avoid a metallic sound, which destroys sines and smears beats;
 * telling it no more than 2 (`MIN_TOLD_SPEED`) keeps both: three sines at 1/4 come out at 109 dB instead of 3 dB above the rest.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createContext, Script } from 'node:vm';
import { AppError } from '../../../contract/errors.ts';

/** A hop is how often the position is set: the tempo's 20 ms. A block is what is analysed around it. Seconds. */
const HOP = 0.02;
const HOPS_IN_BLOCK = 6;
const MIN_TOLD_SPEED = 0.5;

/** The functions of the library's WebAssembly module that we use. Pointers are byte offsets in its memory. */
interface StretchModule {
  readonly HEAP8: Int8Array;
  _configure(channels: number, blockSamples: number, intervalSamples: number, splitComputation: number): void;
  _reset(): void;
  /** Space for `length` samples of each channel, inputs first, then outputs. */
  _setBuffers(channels: number, length: number): number;
  _inputLatency(): number;
  _outputLatency(): number;
  _seek(inputSamples: number, playbackRate: number): void;
  _process(inputSamples: number, outputSamples: number): void;
}

interface Worklet {
  readonly port: WorkletPort;
  readonly wasmModule: StretchModule | null;
}

interface WorkletPort {
  onmessage: unknown;
  postMessage(message: unknown): void;
}

type WorkletClass = new (options: { numberOfOutputs: number; outputChannelCount: number[] }) => Worklet;

let script: Script | undefined;

/** Loads the library into a context of its own and waits until its WebAssembly runs. */
async function loadModule(channels: number, sampleRate: number): Promise<StretchModule> {
  const file = createRequire(import.meta.url).resolve('signalsmith-stretch');
  script ??= new Script(readFileSync(file, 'utf8'), { filename: 'signalsmith-stretch.js' });
  let registered: WorkletClass | undefined;
  let ready = (): void => {};
  const isReady = new Promise<void>((resolve) => (ready = resolve));
  class AudioWorkletProcessor {
    readonly port: WorkletPort = { onmessage: null, postMessage: () => ready() };
  }
  const context = createContext({
    AudioWorkletProcessor,
    registerProcessor: (_name: string, made: WorkletClass) => (registered = made),
    sampleRate,
    currentTime: 0,
    atob,
    console,
    // The library seeds its random numbers from here: the same sound every time.
    crypto: { getRandomValues: <T extends Uint8Array>(bytes: T): T => bytes.fill(42) },
  });
  script.runInContext(context);
  if (!registered) throw new AppError('internal', 'signalsmith-stretch did not register its processor.');
  const worklet = new registered({ numberOfOutputs: 1, outputChannelCount: [channels] });
  await isReady;
  if (!worklet.wasmModule) throw new AppError('internal', 'signalsmith-stretch did not start.');
  return worklet.wasmModule;
}

/** One stretcher, for one number of channels and sample rate. All channels are stretched by the same phases. */
export class Stretcher {
  /** Output samples made at a time. */
  readonly hop: number;
  /** Hops to make, and throw away, before the first one that counts. */
  readonly warmUp = HOPS_IN_BLOCK;
  /** Source samples wanted around a position: `before` it and `after` it. */
  readonly before: number;
  readonly after: number;
  readonly #module: StretchModule;
  readonly #pointer: number;
  readonly #channels: number;

  private constructor(module: StretchModule, channels: number, sampleRate: number) {
    this.hop = Math.round(sampleRate * HOP);
    const block = this.hop * HOPS_IN_BLOCK;
    module._configure(channels, block, this.hop, 0);
    this.after = module._inputLatency();
    // One block, and the hop before it from which the library reads how phases move.
    this.before = block + this.hop - this.after;
    this.#pointer = module._setBuffers(channels, block + this.hop);
    this.#module = module;
    this.#channels = channels;
  }

  static async load(channels: number, sampleRate: number): Promise<Stretcher> {
    return new Stretcher(await loadModule(channels, sampleRate), channels, sampleRate);
  }

  /** Samples from the start of a hop's output to the moment its position stands for. */
  get lead(): number {
    return this.#module._outputLatency();
  }

  /** Forgets what came before. */
  reset(): void {
    this.#module._reset();
  }

  /** Where to put the source: one view a channel, `before + after` samples. Ask again for every hop. */
  inputs(): Float32Array[] {
    return this.#views(0, this.before + this.after);
  }

  /** Makes the next hop from `inputs`, at `speed` > 0. The views are good until the next call. */
  next(speed: number): Float32Array[] {
    this.#module._seek(this.before + this.after, Math.max(speed, MIN_TOLD_SPEED));
    this.#module._process(0, this.hop);
    return this.#views(this.#channels, this.hop);
  }

  #views(first: number, length: number): Float32Array[] {
    const stride = (this.before + this.after) * 4;
    const { buffer } = this.#module.HEAP8;
    return Array.from(
      { length: this.#channels },
      (_, c) => new Float32Array(buffer, this.#pointer + (first + c) * stride, length),
    );
  }
}
