/** What a score of windows calls an engine: ID[:MOTION][:enlarged], such as 'film', 'fomm:adversarial', 'cvi:enlarged'. */
import { MORPH_MOTIONS, type MorphMotion } from '../../contract/morph.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import { inbetweenDevice } from '../engines/engine-device.ts';
import type { Inbetweener, InbetweenEntry } from '../engines/inbetween.ts';
import { findInbetweener } from '../engines/registry.ts';

export interface WindowEngine {
  /** As it was asked for. */
  readonly name: string;
  readonly entry: InbetweenEntry;
  readonly motion: MorphMotion;
  /** False for ':enlarged': the network's small picture, merely enlarged. */
  readonly guided: boolean;
}

/** Throws what `findInbetweener` throws. */
export async function windowEngine(name: string): Promise<WindowEngine> {
  const words = name.split(':');
  const guided = words.at(-1) !== 'enlarged' || words.length === 1;
  if (!guided) words.pop();
  const motion = MORPH_MOTIONS.find((one) => one === words.at(-1) && words.length > 1);
  if (motion) words.pop();
  return { name, entry: await findInbetweener(words.join(':')), motion: motion ?? 'linear', guided };
}

/** Engines that are open, one of each entry; opened again when the size changes. */
export class OpenInbetweeners implements AsyncDisposable {
  readonly #open = new Map<string, { readonly engine: Inbetweener; readonly size: string }>();
  readonly #threads: number;
  readonly #device: DeviceChoice | undefined;

  constructor(threads: number, device: DeviceChoice | undefined) {
    this.#threads = threads;
    this.#device = device;
  }

  async get(entry: InbetweenEntry, width: number, height = width): Promise<Inbetweener> {
    const size = `${width}x${height}`;
    const known = this.#open.get(entry.id);
    if (known?.size === size) return known.engine;
    this.#open.delete(entry.id);
    await known?.engine[Symbol.asyncDispose]();
    const threads = this.#threads;
    const { device } = await inbetweenDevice(entry, this.#device, { threads });
    const engine = await entry.open({ width, height, colour: {}, threads, device });
    this.#open.set(entry.id, { engine, size });
    return engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { engine } of this.#open.values()) await engine[Symbol.asyncDispose]();
    this.#open.clear();
  }
}
