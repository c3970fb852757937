/** Files the preview's process has read, kept for the next request. */
import type { KnownSource } from '../jobs/tasks/clip-plan.ts';
import { sourceFacts } from '../jobs/tasks/source-facts.ts';
import type { AnalysisCache } from '../library/analysis-cache.ts';
import { identify, sameIdentity } from '../library/file-identity.ts';
import { probe } from '../media/probe.ts';

/** How many are kept. */
const KEPT = 32;

export class SourceShelf {
  readonly #analyses: AnalysisCache;
  readonly #known = new Map<string, Promise<KnownSource>>();

  constructor(analyses: AnalysisCache) {
    this.#analyses = analyses;
  }

  /** Reads files before they are asked for. */
  expect(paths: readonly string[]): void {
    // What fails now fails again, and is told, when it is asked for.
    for (const path of paths) this.get(path).catch(() => {});
  }

  /** A file as it is now. Throws as identify, probe and sourceFacts. */
  async get(path: string): Promise<KnownSource> {
    const identity = await identify(path);
    const before = this.#known.get(path);
    const known = await before?.catch(() => undefined);
    if (known && sameIdentity(known.identity, identity)) return known;
    // Somebody else who asked at the same time has begun already.
    const begun = this.#known.get(path);
    if (begun && begun !== before) return await begun;
    const reading = this.#read(path, identity);
    reading.catch(() => this.#known.delete(path));
    this.#known.delete(path);
    this.#known.set(path, reading);
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value!);
    return await reading;
  }

  async #read(path: string, identity: KnownSource['identity']): Promise<KnownSource> {
    const info = await probe(path);
    const facts = await sourceFacts(info, identity, { analyses: this.#analyses, signal: new AbortController().signal });
    return { info, facts, identity };
  }
}
