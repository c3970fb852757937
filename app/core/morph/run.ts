/** A morph made here and now, by the process that asks: for pairs of photos. Those that may take long are jobs (jobs/tasks/morph.ts). */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ColourInfo } from '../../contract/media.ts';
import type { MorphSpec } from '../../contract/morph.ts';
import { createEta } from '../base/eta.ts';
import type { Frame } from '../media/frame.ts';
import { renameIntoPlace, withTemporary } from '../media/output-file.ts';
import { format } from '../time/rational.ts';
import { ontoCanvas } from './canvas.ts';
import type { ReadOptions } from './keyframe.ts';
import { makeMorph, type MadeMorph, type MakeOptions, type PieceStore } from './make.ts';
import { framesPattern } from './output-kind.ts';
import { MorphPictures } from './pictures.ts';
import { readyMorph, type MorphFilm } from './plan.ts';

/** Halvings asked for as recursions: 2^n - 1 new frames. */
export const MOST_RECURSIONS = 8;

export interface MorphProgress {
  /** New frames made, and how many there will be. */
  readonly done: number;
  readonly total: number;
  readonly etaSeconds?: number;
}

export interface RunMorphOptions extends ReadOptions {
  readonly threads?: number | undefined;
  readonly onProgress?: ((progress: MorphProgress) => void) | undefined;
  /** What a user should know; one sentence each. */
  readonly onNote?: ((message: string) => void) | undefined;
  /**
   * Shows the way of a morph of two stills before it is done: both at once, and the picture halfway as the first of all that are made. That one is made
   * twice: engines go through the times in order. What it throws ends the morph.
   */
  readonly onPicture?:
    ((which: 'first' | 'middle' | 'last', picture: Frame, colour: ColourInfo) => Promise<void>) | undefined;
}

export interface MorphResult {
  readonly output: string;
  /** All that were asked for. */
  readonly engine: string;
  readonly device: string;
  /** Frames of the film. */
  readonly frames: number;
  /** Those that were made. */
  readonly made: number;
  readonly fps: string;
  /** Of the least certain frame made, 0..1. */
  readonly confidence: number;
  /** Wall time. */
  readonly seconds: number;
  readonly notes: readonly string[];
}

/**
 * Makes the film. It appears whole or not at all, and is read back before. Throws 'bad-morph', 'engine-unknown', 'output-exists', 'output-is-input',
 * 'output-folder', and what reading, the engines and encoding throw; the signal's reason on abort.
 */
export async function runMorph(spec: MorphSpec, options: RunMorphOptions = {}): Promise<MorphResult> {
  const started = performance.now();
  const signal = options.signal ?? new AbortController().signal;
  const film = await readyMorph(spec, options);
  const output = framesPattern(spec.output) ?? film.spec.output;
  for (const note of allNotes(film)) options.onNote?.(note);
  const threads = options.threads ?? availableParallelism();
  await showWay(film, { ...options, threads, signal });
  const scratch = await mkdtemp(join(tmpdir(), 'inbetween-morph-'));
  let made: MadeMorph;
  try {
    made = await withTemporary(output, async (to) => {
      const onFrames = reporter(film, options.onProgress);
      const shared = { store: passingStore(scratch), content: (path: string) => path, onStage: () => {} };
      const result = await makeMorph(film, { ...shared, to, scratch, threads, signal, onFrames });
      signal.throwIfAborted();
      await renameIntoPlace(to, output, { force: spec.force });
      return result;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return {
    ...{ output: spec.output, engine: enginesOf(film), device: made.device, frames: film.frames, made: film.made },
    ...{ fps: format(spec.fps), confidence: made.confidence ?? 1, notes: allNotes(film) },
    seconds: (performance.now() - started) / 1000,
  };
}

/** Ids of the engines of a film, each once. */
export function enginesOf({ gaps }: Pick<MorphFilm, 'gaps'>): string {
  return [...new Set(gaps.map(({ entry }) => entry.id))].join(', ');
}

interface Noted {
  readonly notes: readonly string[];
  readonly gaps: readonly { readonly notes: readonly string[] }[];
}

/** Of the film and, where they say anything, of its gaps: those by their number where there are several. */
export function allNotes({ notes, gaps }: Noted): string[] {
  const said = new Map<string, number[]>();
  for (const [i, gap] of gaps.entries()) {
    for (const note of gap.notes) said.set(note, [...(said.get(note) ?? []), i + 1]);
  }
  const own = [...said].map(([note, where]) => {
    if (where.length === gaps.length) return note;
    return `Gap${where.length > 1 ? 's' : ''} ${where.join(', ')}: ${note}`;
  });
  return [...notes, ...own];
}

async function showWay(
  film: MorphFilm,
  { onPicture, threads, signal }: RunMorphOptions & { threads: number; signal: AbortSignal },
): Promise<void> {
  if (!onPicture) return;
  const { canvas } = film.output;
  for (const [which, index] of [
    ['first', 0],
    ['last', film.keyframes.count - 1],
  ] as const) {
    await onPicture(which, ontoCanvas(await film.keyframes.still(index), canvas), canvas.colour);
  }
  await using pictures = new MorphPictures(film, { threads, signal });
  await onPicture('middle', (await pictures.at(0, 0.5)).frame, canvas.colour);
}

/** Keeps pieces as long as `folder` is there, and finds none again. */
function passingStore(folder: string): PieceStore {
  let begun = 0;
  return {
    find: async () => undefined,
    forget: async () => {},
    begin: async (_, extension) => {
      const path = join(folder, `piece-${begun++}.${extension}`);
      return { path, commit: async () => path, abandon: () => rm(path, { force: true }) };
    },
  };
}

/** Tells of each frame that is made; keyframes are there at once and are no work. */
function reporter({ made: total }: MorphFilm, tell: RunMorphOptions['onProgress']): MakeOptions['onFrames'] {
  const eta = createEta();
  eta.update(0, performance.now() / 1000);
  let told = 0;
  return ({ made: done }) => {
    if (done === told) return;
    told = done;
    const left = eta.update(done / total, performance.now() / 1000);
    tell?.({ done, total, ...(left !== undefined && { etaSeconds: left }) });
  };
}
