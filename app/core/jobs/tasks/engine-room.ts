/** Engines that are opened when first asked for and closed when pictures of another kind come. */
import type { Interpolator } from '../../engines/engine.ts';
import type { ClipPlan } from './clip-plan.ts';
import type { Devices } from './sequence-plan.ts';

/** Milliseconds engines have spent, and on what they ran. */
export interface EngineTotals {
  readonly engineMs: number;
  readonly devices: readonly string[];
}

/** The engines for one kind of picture at a time. */
export class EngineRoom implements AsyncDisposable {
  readonly #threads: number;
  readonly #shrink: number;
  readonly #open = new Map<string, Promise<Interpolator>>();
  readonly #devices = new Set<string>();
  #kind = '';
  #spent = 0;

  /** `shrink` as of EngineSetup. */
  constructor(threads: number, shrink = 1) {
    this.#threads = threads;
    this.#shrink = shrink;
  }

  /** The engine `id` of a clip, its own unless given. Those of clips with other pictures are closed first. Throws as EngineEntry.open. */
  async engine(clip: ClipPlan, devices: Devices, id: string | undefined): Promise<Interpolator> {
    const { width, height, colour } = clip.work.video;
    const kind = JSON.stringify([width, height, colour, clip.output.carrier.name]);
    if (kind !== this.#kind) await this.#close();
    this.#kind = kind;
    const entry = clip.engines.find((one) => one.id === id) ?? clip.engines[0]!;
    const name = `${entry.id}@${entry.version}@${devices.get(entry.id) ?? ''}`;
    let opening = this.#open.get(name);
    if (!opening) {
      const [threads, shrink] = [this.#threads, this.#shrink];
      opening = entry.open({ width, height, colour, threads, device: devices.get(entry.id), shrink });
      this.#open.set(name, opening);
    }
    const opened = await opening;
    this.#devices.add(opened.device);
    return opened;
  }

  async totals(): Promise<EngineTotals> {
    let engineMs = this.#spent;
    for (const opening of this.#open.values()) engineMs += spentBy(await opening.catch(() => undefined));
    return { engineMs, devices: [...this.#devices] };
  }

  async #close(): Promise<void> {
    for (const opening of this.#open.values()) {
      const engine = await opening.catch(() => undefined);
      this.#spent += spentBy(engine);
      await engine?.[Symbol.asyncDispose]();
    }
    this.#open.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function spentBy(engine: Interpolator | undefined): number {
  return engine ? engine.spent.analysisMs + engine.spent.synthesisMs : 0;
}
