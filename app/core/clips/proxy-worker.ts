/**
 * Makes the library's proxies, one after the other, in the background.
 *
 * [Note: proxies] A proxy lies in HOME/proxies under the content's fingerprint, so that copies of a clip share it and a renamed one keeps it. It is written aside
 * and renamed when it is whole. What is to be done stands in the clips' rows: after a restart the work goes on.
 */
import { access, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import type { Home } from '../base/home.ts';
import { renameDurably } from '../base/durable.ts';
import type { Library } from '../library/db.ts';
import { identify } from '../library/file-identity.ts';
import { clipById, needClip, setProxy, usableClip, type ClipRow } from '../library/clip-rows.ts';
import { fieldsMark } from '../media/fields/field-index.ts';
import { flaggedInterlaced } from '../media/fields/one-field.ts';
import type { TreatedSource } from '../media/fields/treat.ts';
import { analyseClip, isAnalysed } from './facts.ts';
import { PROXY_VERSION, renderProxy } from './proxy-render.ts';
import { forgetProxies, nextWanted, requeueProxies, usedProxies } from './proxy-rows.ts';

/** Milliseconds until it is looked again whether it is our turn. */
const HOLD_MS = 300;
/** Age at which a proxy of no clip goes. */
const UNUSED_MS = 24 * 3600e3;

export interface ProxyWorkerOptions {
  readonly db: Library;
  readonly home: Pick<Home, 'root'>;
  /** Most lines of a proxy, as the settings say now. */
  readonly height: () => number;
  /** The state of these clips' proxies has changed. */
  readonly changed: (ids: string[]) => void;
  /** Aborted when the app closes. */
  readonly signal: AbortSignal;
  /** Something comes first that everybody sees, such as thumbnails: only what was asked for is made meanwhile. */
  readonly hold?: () => boolean;
}

export class ProxyWorker {
  readonly #options: ProxyWorkerOptions;
  readonly #folder: string;
  /** Asked for by somebody who is looking at it. */
  readonly #first: string[] = [];
  #running: Promise<void> | undefined;
  /** Woken while it worked. */
  #again = false;
  #current: AbortController | undefined;

  constructor(options: ProxyWorkerOptions) {
    this.#options = options;
    this.#folder = join(options.home.root, 'proxies');
  }

  /** Goes on with what a former run left. */
  async start(): Promise<void> {
    requeueProxies(this.#options.db);
    await sweep(this.#folder, usedProxies(this.#options.db));
    this.wake();
  }

  /** Looks for work: call it when clips became 'wanted'. */
  wake(): void {
    this.#again = true;
    if (this.#options.signal.aborted || this.#running) return;
    this.#again = false;
    this.#running = this.#work()
      // A locked database or full disk: what is wanted stays wanted.
      .catch(() => {})
      .finally(() => {
        this.#running = undefined;
        if (this.#again) this.wake();
      });
  }

  /** Makes this clip's proxy next, also where it was thought to be unneeded or has failed before. Throws clip-unknown, and what usableClip does. */
  async want(id: string): Promise<void> {
    const { proxyState, proxyPath } = usableClip(this.#options.db, id);
    if (proxyState === 'making') return;
    if (proxyState === 'ready' && proxyPath !== null && (await isThere(proxyPath))) return;
    this.#first.unshift(id);
    this.#set(id, 'wanted');
    this.wake();
  }

  /** The finished proxy's file; one that was deleted is made again. Throws clip-unknown. */
  async file(id: string): Promise<string | undefined> {
    const { proxyState, proxyPath } = needClip(this.#options.db, id);
    if (proxyState !== 'ready' || proxyPath === null) return undefined;
    if (await isThere(proxyPath)) return proxyPath;
    await this.want(id);
    return undefined;
  }

  /** Deletes all finished proxies; those that are needed are made again when somebody looks. */
  async clear(): Promise<void> {
    const ids = forgetProxies(this.#options.db);
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (name.endsWith('.mp4') && !name.startsWith('.')) await rm(join(this.#folder, name), { force: true });
    }
    if (ids.length > 0) this.#options.changed(ids);
  }

  /** Ends what is being made; it is made by the next run. */
  async close(): Promise<void> {
    this.#first.length = 0;
    this.#current?.abort(new AppError('cancelled', 'Inbetween closes.'));
    await this.#running;
  }

  #set(id: string, state: ClipRow['proxyState'], path: string | null = null): void {
    const { db, changed } = this.#options;
    db.soft(() => setProxy(db, id, state, path));
    changed([id]);
  }

  async #work(): Promise<void> {
    const { db, signal } = this.#options;
    // Whoever woke us may be in the middle of a transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (!signal.aborted) {
      const urgent = this.#first.shift();
      const id = urgent ?? nextWanted(db);
      if (id === undefined) return;
      if (urgent === undefined && this.#options.hold?.()) {
        await delay(HOLD_MS, undefined, { signal }).catch(() => {});
        continue;
      }
      const clip = clipById(db, id);
      if (clip?.proxyState !== 'wanted') continue;
      await this.#do(clip);
    }
  }

  async #do(clip: ClipRow): Promise<void> {
    const { db, signal } = this.#options;
    const abort = new AbortController();
    this.#current = abort;
    this.#set(clip.id, 'making');
    try {
      const path = await this.#make(clip, AbortSignal.any([signal, abort.signal]), abort);
      this.#set(clip.id, 'ready', path);
    } catch {
      // Closing leaves it to the next run; a clip that was taken out has no row any more.
      if (clipById(db, clip.id)) this.#set(clip.id, signal.aborted || abort.signal.aborted ? 'wanted' : 'failed');
    } finally {
      this.#current = undefined;
    }
  }

  /** The proxy of a clip: there already, or made now. */
  async #make(clip: ClipRow, signal: AbortSignal, abort: AbortController): Promise<string> {
    const { id, path, info } = clip;
    const { db, height } = this.#options;
    if (!info) throw new AppError('no-video', `${path} has not been looked at yet.`);
    const { fingerprint } = await identify(path);
    const lines = height();
    const treated = await this.#treated(id, info, signal);
    const fields = treated ? `-${treatedMark(treated)}` : '';
    const name = `${fingerprint.slice(0, 32)}-${lines}-${PROXY_VERSION}${fields}.mp4`;
    const final = join(this.#folder, name);
    if (await isThere(final)) return final;
    await mkdir(this.#folder, { recursive: true });
    const part = join(this.#folder, `.${name}.${process.pid}.part`);
    let looked = performance.now();
    const onProgress = (): void => {
      if (performance.now() - looked < 1000) return;
      looked = performance.now();
      // Nobody waits for the proxy of a clip that was taken out.
      if (!clipById(db, id)) abort.abort(new AppError('cancelled', 'The clip was taken out of the library.'));
    };
    await renderProxy({ info: { ...info, path }, treated, to: part, height: lines, signal, onProgress });
    await renameDurably(part, final);
    // It may have been analysed meanwhile, and found to be combed.
    if (!treated && (await this.#treated(id, info, signal))) return await this.#make(clip, signal, abort);
    return final;
  }

  /** What becomes of the clip's fields, where something does: of what is flagged interlaced, or was found to be when it was analysed. */
  async #treated(id: string, info: VideoInfo, signal: AbortSignal): Promise<TreatedSource | undefined> {
    const { db } = this.#options;
    if (!flaggedInterlaced(info) && !(await isAnalysed(db, id))) return undefined;
    const { treated } = await analyseClip(db, id, { signal });
    return treated.facts.index.pictures ? treated : undefined;
  }
}

function treatedMark({ facts }: TreatedSource): string {
  return (fieldsMark(facts.index) ?? '').replaceAll(/[^a-z0-9]+/g, '-');
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Removes what a killed run left half written, and after a day what no clip shows any more: a clip that was taken out may come back. */
async function sweep(folder: string, used: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (used.has(name)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    // Another Inbetween on the same library may be writing now.
    const kept = name.startsWith('.') ? 60_000 : UNUSED_MS;
    if (found && Date.now() - found.mtimeMs > kept) await rm(path, { force: true });
  }
}
