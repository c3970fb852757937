/**
 * What the library finds out by itself, after files were added: what each file is, its thumbnails, its waveform, the hash of its content.
 *
 * [Note: background work] What is to be done stands in the rows, so a restart goes on where it was. Two things are done at a time; probing comes before
 * thumbnails, these before waveforms. Hashing starts when nothing else is left and steps aside when something is. Within each kind, what was last looked at comes first.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import type { Home } from '../base/home.ts';
import {
  clipById,
  deleteClip,
  nextFor,
  probeAgain,
  setHash,
  setMissing,
  setPeaks,
  setProbed,
  setProxy,
  setRefused,
  setThumbs,
  type ClipRow,
  type ClipWork,
} from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import { probe, VARYING_RATE } from '../media/probe.ts';
import { isHdrTransfer } from '../media/tone-map.ts';
import { contentHash } from './content-hash.ts';
import { fileState } from './files.ts';
import { soundPeaks } from './peaks.ts';
import { isNoClip } from './refusal.ts';
import { clipFiles, makeThumbnails, putFile, removeClipFiles } from './thumbnails.ts';

export interface BackgroundOptions {
  readonly db: Library;
  readonly home: Pick<Home, 'root'>;
  readonly signal: AbortSignal;
  /** A clip's row has changed, or is gone. */
  readonly changed: (id: string) => void;
  /** Whether the renderer cannot play it as it is. Never rejects. */
  readonly needsProxy?: (info: VideoInfo, signal: AbortSignal) => Promise<boolean>;
  /** It is known now what the file is, and it can be used. */
  readonly probed: (id: string) => void;
  /** Something the user should know. */
  readonly notice: (message: string) => void;
  /** Milliseconds of rest after each 8 MiB that are hashed: a disk is left to whoever else needs it. */
  readonly hashRest?: number;
  /** Milliseconds after which a refused file that was changed just now is looked at again. */
  readonly againMs?: number;
}

/** At a time, besides hashing, which has a lane of its own that is mostly at rest. */
const LANES = 2;
const ORDER = ['probe', 'thumbnail', 'peaks'] as const satisfies readonly ClipWork[];
/** A file that is being written is hashed later. */
const WRITTEN_MS = 60_000;
const AGAIN_MS = 5000;
const THUMBNAIL_MS = 180_000;
/** Clips that were last looked at and come first. */
const PREFERRED = 500;
/** Without ffmpeg nothing can be found out: look again after this. */
const STALL_MS = 20_000;

export class ClipBackground {
  readonly #options: BackgroundOptions;
  readonly #running = new Map<string, { work: ClipWork; done: Promise<void> }>();
  #preferred: string[] = [];
  #pumping = false;
  #toldOfFfmpeg = false;
  #timer: NodeJS.Timeout | undefined;
  /** Found in folders, and no videos. */
  #leftOut = 0;
  /** Not to be hashed before. */
  readonly #later = new Map<string, number>();
  #idle: (() => void)[] = [];

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  /** Looks for work; call it when rows were added or changed. */
  wake(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    // Whoever woke us may be in the middle of a transaction.
    setImmediate(() => {
      this.#pumping = false;
      try {
        this.#pump();
      } catch {
        this.#stall();
      }
    });
  }

  /** These are on somebody's screen. */
  prefer(ids: readonly string[]): void {
    const set = new Set(ids);
    this.#preferred = [...ids, ...this.#preferred.filter((id) => !set.has(id))].slice(0, PREFERRED);
    this.wake();
  }

  /** Resolves when nothing is left to do. */
  async whenIdle(): Promise<void> {
    this.wake();
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Waits for what runs to end; the signal must have been aborted. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    this.#becomeIdle();
  }

  #pump(): void {
    const { signal } = this.#options;
    if (signal.aborted) return;
    if (this.#timer) return;
    for (let next = this.#next(); next; next = this.#next()) {
      const { id, work } = next;
      const done = this.#do(id, work)
        .catch(() => this.#stall())
        .finally(() => {
          this.#running.delete(id);
          this.wake();
        });
      this.#running.set(id, { work, done });
    }
    if (this.#running.size === 0) this.#becomeIdle();
  }

  /** There is no ffmpeg, or the database is locked or full: no reason to end the app, nor to try again at once. */
  #stall(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.wake();
    }, STALL_MS).unref();
  }

  #becomeIdle(): void {
    if (this.#leftOut > 0) {
      const files = this.#leftOut === 1 ? 'One file is' : `${this.#leftOut} files are`;
      this.#options.notice(`${files} no video and left out.`);
      this.#leftOut = 0;
    }
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #next(): { id: string; work: ClipWork } | undefined {
    const { db } = this.#options;
    const running = [...this.#running.values()].map(({ work }) => work);
    const busy = running.filter((work) => work !== 'hash').length;
    if (busy >= LANES) return undefined;
    for (const work of ORDER) {
      const id = nextFor(db, work, this.#preferred, [...this.#running.keys()]);
      if (id !== undefined) return { id, work };
    }
    if (running.length > 0) return undefined;
    const now = Date.now();
    const later = [...this.#later].filter(([, until]) => until > now).map(([id]) => id);
    const id = nextFor(db, 'hash', this.#preferred, later);
    return id === undefined ? undefined : { id, work: 'hash' };
  }

  async #do(id: string, work: ClipWork): Promise<void> {
    const { db, signal } = this.#options;
    const clip = clipById(db, id);
    if (!clip) return;
    try {
      await this[work](clip);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toAppError(thrown);
      if (error.code === 'ffmpeg-missing') {
        if (!this.#toldOfFfmpeg) this.#options.notice(error.message);
        this.#toldOfFfmpeg = true;
        return this.#stall();
      }
      this.#failed(clip, work, error);
    }
    if (!signal.aborted) this.#options.changed(id);
  }

  #failed(clip: ClipRow, work: ClipWork, error: AppError): void {
    const { db } = this.#options;
    if (error.code === 'not-found') return setMissing(db, clip.id);
    if (work === 'probe') {
      if (clip.named || !isNoClip(error.code, clip.path)) {
        setRefused(db, clip.id, error.message);
        return this.#lookAgain(clip);
      }
      deleteClip(db, clip.id);
      this.#leftOut++;
      return;
    }
    if (work === 'thumbnail') return setThumbs(db, clip.id, 'failed', 0);
    if (work === 'peaks') return setPeaks(db, clip.id, 'failed');
    if (error.code === 'source-changed') this.#later.set(clip.id, Date.now() + WRITTEN_MS);
    else setRefused(db, clip.id, error.message);
  }

  /** A file that was changed just now may still be on its way here, and be whole soon. */
  #lookAgain({ id, path, bytes, mtimeNs }: ClipRow): void {
    const { db, signal, changed } = this.#options;
    if (Date.now() - Number(mtimeNs) / 1e6 > WRITTEN_MS) return;
    setTimeout(() => {
      void fileState(path).then((now) => {
        const clip = signal.aborted ? undefined : clipById(db, id);
        if (clip?.state !== 'refused' || typeof now === 'string') return;
        if (now.bytes === bytes && now.mtimeNs === mtimeNs) return;
        probeAgain(db, id, now);
        changed(id);
        this.wake();
      });
    }, this.#options.againMs ?? AGAIN_MS).unref();
  }

  private async probe(clip: ClipRow): Promise<void> {
    const { db, signal } = this.#options;
    const info = await probe(clip.path, { signal });
    if (!clip.named && isStill(info.format)) {
      deleteClip(db, clip.id);
      this.#leftOut++;
      return;
    }
    const vfr = info.warnings.includes(VARYING_RATE);
    const hdr = isHdrTransfer(info.video.colour.transfer) || info.video.dolbyVision;
    const proxy = (await this.#options.needsProxy?.(info, signal)) ?? false;
    setProbed(db, clip.id, { info, vfr, hdr });
    if (proxy && clipById(db, clip.id)?.proxyState === 'unneeded') setProxy(db, clip.id, 'wanted', null);
    this.#options.probed(clip.id);
  }

  private async thumbnail(clip: ClipRow): Promise<void> {
    const { db, home, signal } = this.#options;
    if (!clip.info) return setThumbs(db, clip.id, 'failed', 0);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(THUMBNAIL_MS)]);
    const files = clipFiles(home, clip.id);
    const thumbs = await makeThumbnails(clip.info, files, limit);
    // It may have been taken out meanwhile.
    if (clipById(db, clip.id)) setThumbs(db, clip.id, 'ready', thumbs);
    else await removeClipFiles(files);
  }

  private async peaks(clip: ClipRow): Promise<void> {
    const { db, home, signal } = this.#options;
    if (!clip.info) return setPeaks(db, clip.id, 'failed');
    const files = clipFiles(home, clip.id);
    const peaks = await soundPeaks(clip.info, signal);
    if (!clipById(db, clip.id)) return;
    await putFile(files, files.peaks, new Uint8Array(peaks.buffer, peaks.byteOffset, peaks.byteLength));
    setPeaks(db, clip.id, 'ready');
  }

  private async hash(clip: ClipRow): Promise<void> {
    const { db, signal, hashRest = 10 } = this.#options;
    const hash = await contentHash(clip.path, {
      signal,
      pause: async () => {
        await delay(hashRest, undefined, { signal });
        while (this.#moreUrgent()) await delay(250, undefined, { signal });
      },
    });
    const now = await fileState(clip.path);
    if (typeof now === 'string') return setMissing(db, clip.id);
    const as = clipById(db, clip.id);
    if (!as) return;
    if (now.bytes === as.bytes && now.mtimeNs === as.mtimeNs) setHash(db, clip.id, hash);
    else probeAgain(db, clip.id, now);
  }

  #moreUrgent(): boolean {
    if (this.#running.size > 1) return true;
    return ORDER.some((work) => nextFor(this.#options.db, work, [], []) !== undefined);
  }
}

function isStill(format: string): boolean {
  return format === 'image2' || format.endsWith('_pipe');
}
