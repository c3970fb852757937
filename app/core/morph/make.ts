/**
 * Makes a planned morph: its pieces, those that are in the store already left out, and the output of them.
 *
 * [Note: morph pieces] As of every job, what is made is kept encoded, in pieces addressed by the hash of all that determines them ([Note: chunks]): which pictures the
 * gap's ends show, how they are made to fit, engine, seed, times, encoder. A morph that was killed goes on after its last whole piece; one that was edited makes
 * the pieces anew that the edit touches.
 */
import { createHash } from 'node:crypto';
import { heedsSeed } from '../../contract/morph.ts';
import { prefetch } from '../base/prefetch.ts';
import { openChunkEncoder } from '../media/encode.ts';
import { chunkRecipe } from '../media/output-format.ts';
import { checkingChunks, type KeyedChunk } from '../media/spoilt-chunks.ts';
import { finishMorph } from './finish.ts';
import { filmPieces, gapEnds, type FilmFrame } from './layout.ts';
import { heedsMore, MorphPictures, type MorphPicture } from './pictures.ts';
import type { MorphFilm } from './plan.ts';
import { MORPH_VERSION } from './spec.ts';

/** Where pieces are kept (jobs/chunk-store.ts has one that outlives the process). */
export interface PieceStore {
  find(key: string): Promise<string | undefined>;
  begin(key: string, extension: string): Promise<PendingPiece>;
  readonly forget: (key: string) => Promise<void>;
}

export interface PendingPiece {
  readonly path: string;
  commit(facts: { readonly confidence: readonly (number | null)[] }): Promise<string>;
  abandon(): Promise<void>;
}

export interface MakeOptions {
  readonly store: PieceStore;
  /** What a keyframe's file holds, as part of a key. */
  readonly content: (path: string) => string;
  /** The finished output, checked: a file, or a folder of numbered images. */
  readonly to: string;
  /** An existing folder for small files. */
  readonly scratch: string;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Frames of the film that are there, how many of them are no keyframes, and what engines run on. */
  readonly onFrames: (progress: { done: number; made: number; device: string | undefined }) => void;
  readonly onStage: (stage: 'writing' | 'verifying', fraction: number) => void;
  /** Called after each piece; what it throws ends the work. */
  readonly checkRoom?: (() => Promise<void>) | undefined;
}

export interface MadeMorph {
  readonly device: string;
  /** Seconds of the written film. */
  readonly duration: number;
  readonly engineMs: number;
  /** Frames taken from pieces made earlier. */
  readonly reused: number;
  /** Of the least certain frame made now; undefined where none was. */
  readonly confidence: number | undefined;
}

/** Throws what reading, engines and encoding throw, 'verify-failed', and the signal's reason on abort; what it left at `to` is the caller's to remove. */
export async function makeMorph(film: MorphFilm, options: MakeOptions): Promise<MadeMorph> {
  const { store, signal, onFrames, checkRoom } = options;
  const { plan } = film.output;
  await using pictures = new MorphPictures(film, options);
  const pieces: KeyedChunk[] = [];
  let [done, between, reused] = [0, 0, 0];
  let confidence: number | undefined;
  for (const frames of filmPieces(film.spec)) {
    signal.throwIfAborted();
    const timestamps = Array.from({ length: frames.length + 1 }, (_, k) => k);
    const key = await pieceKey(film, frames, pictures, options);
    let path = await store.find(key);
    if (path === undefined) {
      const pending = await store.begin(key, plan.chunkMuxer);
      const count = (picture: MorphPicture): void => {
        done++;
        if (picture.confidence !== null) between++;
        if (picture.confidence !== null) confidence = Math.min(confidence ?? 1, picture.confidence);
        onFrames({ done, made: between, device: pictures.devices.join(', ') || undefined });
      };
      path = await encodePiece(pending, pictures.of(frames), { film, timestamps, signal, count });
      await checkRoom?.();
    } else {
      reused += frames.length;
      done += frames.length;
      between += frames.filter((frame) => 'gap' in frame).length;
      onFrames({ done, made: between, device: undefined });
    }
    pieces.push({ key, path, timestamps });
  }
  const { title } = film.spec;
  const finish = { ...options, output: film.output, chunks: pieces, frames: film.frames, title };
  const duration = await checkingChunks(pieces, { decoder: plan.decoder, forget: store.forget, signal }, () =>
    finishMorph(finish),
  );
  const device = pictures.devices.join(', ') || 'nothing: every frame came from earlier chunks';
  return { device, duration, engineMs: pictures.engineMs, reused, confidence };
}

interface Encoding {
  readonly film: MorphFilm;
  readonly timestamps: readonly number[];
  readonly signal: AbortSignal;
  readonly count: (picture: MorphPicture) => void;
}

async function encodePiece(
  pending: PendingPiece,
  pictures: AsyncIterable<MorphPicture>,
  { film, timestamps, signal, count }: Encoding,
): Promise<string> {
  const confidence: (number | null)[] = [];
  try {
    const encoder = await openChunkEncoder(pending.path, film.output.plan, { timestamps, signal });
    try {
      // The next frame is made while this one goes down the pipe.
      for await (const picture of prefetch(pictures, 1)) {
        await encoder.write(picture.frame);
        confidence.push(picture.confidence);
        count(picture);
      }
      await encoder.finish();
    } catch (error) {
      await encoder.abort();
      throw error;
    }
    return await pending.commit({ confidence });
  } catch (error) {
    await pending.abandon();
    throw error;
  }
}

/** [Note: morph pieces] */
async function pieceKey(
  film: MorphFilm,
  frames: readonly FilmFrame[],
  pictures: MorphPictures,
  { content }: MakeOptions,
): Promise<string> {
  const { keyframes, output } = film;
  const { width, height, format, sampleAspect, fit, native, colour } = output.canvas;
  const shown = (index: number): unknown => {
    const { path, at, fields } = keyframes.at(index);
    return at === null ? [content(path), at] : [content(path), at, fields ?? 'auto'];
  };
  const parts: unknown[] = [];
  // Hashed, since a gap has as many times as frames and each of its frames names it.
  const identities = new Map<number, string>();
  for (const frame of frames) {
    if ('keyframe' in frame) parts.push(['still', shown(frame.keyframe)]);
    else {
      if (!identities.has(frame.gap))
        identities.set(frame.gap, hashOf(await gapIdentity(film, frame.gap, pictures, shown)));
      parts.push([identities.get(frame.gap), frame.k]);
    }
  }
  const canvas = [width, height, format.name, sampleAspect, native ? null : fit, colour];
  const whole = { version: MORPH_VERSION, canvas, encoder: chunkRecipe(output.plan), parts };
  return hashOf(whole);
}

function hashOf(what: unknown): string {
  return createHash('sha256')
    .update(`morph ${JSON.stringify(what)}`)
    .digest('hex');
}

async function gapIdentity(
  { spec, keyframes, gaps }: MorphFilm,
  index: number,
  pictures: MorphPictures,
  shown: (index: number) => unknown,
): Promise<unknown> {
  const { entry, times } = gaps[index]!;
  const { motion, seed } = spec.gaps[index]!;
  const { before, first, last, after } = gapEnds(index, keyframes.count, spec.loop);
  const device = await pictures.device(entry);
  const own = { engine: `${entry.id}@${entry.version}`, device, times, first: shown(first), last: shown(last) };
  if (!heedsMore(entry)) return own;
  const { uses } = entry;
  const points = [before, first, last, after].map((at) => (at === undefined ? null : keyframes.at(at).points));
  const beyond = [before, after].map((at) => (at === undefined ? null : shown(at)));
  const heeded = { ...(heedsSeed(uses, motion) && { seed }), ...(uses.motion && { motion }) };
  return { ...own, beyond, ...heeded, ...(uses.points && { points }) };
}
