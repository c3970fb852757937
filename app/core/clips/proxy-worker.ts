/**
 * Makes the library's proxies, one after the other, in the background.
 *
 * [Note: proxies] A proxy lies in HOME/proxies under the content's fingerprint, so that copies of a clip share it and a renamed one keeps it. It is written aside
 * and renamed when it is whole. What is to be done stands in the clips' rows: after a restart the work goes on.
 */
import { access, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Home } from '../base/home.ts';
import { renameDurably } from '../base/durable.ts';
import type { Library } from '../library/db.ts';
import { identify } from '../library/file-identity.ts';
import { probe } from '../media/probe.ts';
import { PROXY_VERSION, renderProxy } from './proxy-render.ts';
import * as rows from './proxy-rows.ts';

export interface ProxyWorkerOptions {
  readonly db: Library;
  readonly home: Pick<Home, 'root'>;
  /** Most lines of a proxy, as the settings say now. */
  readonly height: () => number;
  /** The state of these clips' proxies has changed. */
  readonly changed: (ids: string[]) => void;
  /** Aborted when the app closes. */
  readonly signal: AbortSignal;
}

export class ProxyWorker {
  readonly #options: ProxyWorkerOptions;
  readonly #folder: string;
  /** Asked for by somebody who is looking at it. */
  readonly #first: string[] = [];
  #running: Promise<void> | undefined;
  #current: { id: string; fraction: number; abort: AbortController } | undefined;

  constructor(options: ProxyWorkerOptions) {
    this.#options = options;
    this.#folder = join(options.home.root, 'proxies');
    options.signal.addEventListener('abort', () => this.#current?.abort.abort(options.signal.reason), { once: true });
  }

  /** Goes on with what a former run left. */
  async start(): Promise<void> {
    rows.requeueProxies(this.#options.db);
    await sweep(this.#folder);
    this.wake();
  }

  /** Looks for work: call it when clips became 'wanted'. */
  wake(): void {
    if (this.#options.signal.aborted) return;
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
      if (this.#first.length > 0) this.wake();
    });
  }

  /** Makes this clip's proxy next, also where it was thought to be unneeded or has failed before. Throws clip-unknown. */
  async want(id: string): Promise<void> {
    const row = rows.proxyRow(this.#options.db, id);
    if (!row) throw new AppError('clip-unknown', 'That clip is not in the library.');
    if (row.state === 'making') return;
    if (row.state === 'ready' && row.proxyPath !== null && (await isThere(row.proxyPath))) return;
    rows.setProxy(this.#options.db, id, 'wanted');
    this.#first.unshift(id);
    this.#options.changed([id]);
    this.wake();
  }

  /** The finished proxy's file; one that was deleted is made again. */
  async file(id: string): Promise<string | undefined> {
    const row = rows.proxyRow(this.#options.db, id);
    if (row?.state !== 'ready' || row.proxyPath === null) return undefined;
    if (await isThere(row.proxyPath)) return row.proxyPath;
    await this.want(id);
    return undefined;
  }

  /** Clips whose proxies are still to be made. */
  get left(): number {
    return rows.proxiesToDo(this.#options.db);
  }

  /** What is being made, 0..1. */
  get progress(): { id: string; fraction: number } | undefined {
    return this.#current && { id: this.#current.id, fraction: this.#current.fraction };
  }

  /** Deletes all finished proxies; those that are needed are made again when somebody looks. */
  async clear(): Promise<void> {
    const ids = rows.forgetProxies(this.#options.db);
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (name.endsWith('.mp4') && !name.startsWith('.')) await rm(join(this.#folder, name), { force: true });
    }
    if (ids.length > 0) this.#options.changed(ids);
  }

  /** Ends what is being made; it is made by the next run. */
  async close(): Promise<void> {
    this.#first.length = 0;
    this.#current?.abort.abort(new AppError('cancelled', 'Inbetween closes.'));
    await this.#running;
  }

  async #work(): Promise<void> {
    const { db, signal, changed } = this.#options;
    // Whoever woke us may be in the middle of a transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (!signal.aborted) {
      const urgent = this.#first.shift();
      const row = urgent === undefined ? rows.nextWanted(db) : rows.proxyRow(db, urgent);
      if (!row) return;
      if (row.state !== 'wanted') continue;
      rows.setProxy(db, row.id, 'making');
      changed([row.id]);
      const abort = new AbortController();
      this.#current = { id: row.id, fraction: 0, abort };
      if (signal.aborted) abort.abort(signal.reason);
      try {
        const path = await this.#make(row.id, row.path, abort.signal);
        rows.setProxy(db, row.id, 'ready', path);
      } catch {
        const there = rows.proxyRow(db, row.id) !== undefined;
        if (there) rows.setProxy(db, row.id, abort.signal.aborted ? 'wanted' : 'failed');
        if (abort.signal.aborted && there) return;
      } finally {
        this.#current = undefined;
      }
      changed([row.id]);
    }
  }

  /** The proxy of the file at `path`: there already, or made now. */
  async #make(id: string, path: string, signal: AbortSignal): Promise<string> {
    const { db, height } = this.#options;
    const identity = await identify(path);
    const name = `${identity.fingerprint.slice(0, 32)}-${height()}-${PROXY_VERSION}.mp4`;
    const final = join(this.#folder, name);
    if (await isThere(final)) return final;
    const info = rows.infoOf(db, id) ?? (await probe(path, { signal }));
    await mkdir(this.#folder, { recursive: true });
    const part = join(this.#folder, `.${name}.${process.pid}.part`);
    let looked = performance.now();
    await renderProxy({
      info: { ...info, path },
      to: part,
      height: height(),
      signal,
      onProgress: (fraction) => {
        if (this.#current) this.#current.fraction = fraction;
        if (performance.now() - looked < 1000) return;
        looked = performance.now();
        // Nobody waits for the proxy of a clip that was taken out.
        if (!rows.proxyRow(db, id)) this.#current?.abort.abort(new AppError('cancelled', 'The clip was removed.'));
      },
    });
    await renameDurably(part, final);
    return final;
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Removes what a killed run left half written. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith('.')) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    // Another Inbetween on the same library may be writing now.
    if (found && Date.now() - found.mtimeMs > 60_000) await rm(path, { force: true });
  }
}
