/** From a board to the pictures it is made of: which there must be, and the key of each. */
import { createHash } from 'node:crypto';
import { toAppError, type WireError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import { heedsSeed, type Board, type BoardKeyframe } from '../../contract/morph.ts';
import { canonicalJson } from '../base/json.ts';
import type { InbetweenEntry } from '../engines/inbetween.ts';
import { findInbetweener } from '../engines/registry.ts';
import { gapTimes } from '../morph/ease.ts';
import type { CornerOrder, FrameOrder, TakeOrder } from './messages.ts';
import { gapsOf } from './problem.ts';
import type { Size, StillFacts } from './still-facts.ts';

/** Longer side of the pictures on a board. */
const SIDE = 1280;
/** Part of every key: changes whenever the pictures do for another reason than an engine's version. */
const VERSION = 1;

export interface LaidKeyframe {
  readonly corner: CornerOrder | null;
  /** Why there is none. */
  readonly problem: WireError | null;
}

export interface LaidTake {
  readonly gap: number;
  readonly seed: number;
  readonly frames: number;
  /** It is the one in the film. */
  readonly chosen: boolean;
  readonly order: TakeOrder | null;
  /** Why there is none. */
  readonly problem: WireError | null;
}

export interface BoardLayout {
  /** Null where no keyframe can be read. */
  readonly frame: FrameOrder | null;
  readonly keyframes: readonly LaidKeyframe[];
  /** By gap, in the order of its takes. */
  readonly takes: readonly LaidTake[];
}

export interface LayoutOptions {
  readonly facts: StillFacts;
  readonly device: DeviceChoice;
  /** Throws path-refused for a file that may not be looked at: it may have been put on the board when other folders were open. */
  readonly check: (path: string) => Promise<string>;
}

/** Reads no pixel. Throws nothing of a keyframe's or an engine's: that is told where it matters. */
export async function layBoard(board: Board, options: LayoutOptions): Promise<BoardLayout> {
  const prints: (string | WireError)[] = [];
  for (const { path } of board.keyframes) prints.push(await fingerprintOf(path, options));
  const frame = await frameOf(board, prints, options.facts);
  const keyframes = board.keyframes.map((keyframe, i) => laid(keyframe, prints[i]!, frame));
  const engines = new Map<string, InbetweenEntry | WireError>();
  for (const { engine } of gapsOf(board)) {
    if (!engines.has(engine)) engines.set(engine, await findInbetweener(engine).catch(wire));
  }
  const takes = gapsOf(board).flatMap((_, gap) => takesOf(board, gap, { keyframes, frame, engines, ...options }));
  return { frame, keyframes, takes };
}

async function fingerprintOf(path: string, { facts, check }: LayoutOptions): Promise<string | WireError> {
  try {
    return await facts.fingerprint(await check(path));
  } catch (thrown) {
    return wire(thrown);
  }
}

/** The film's size, or what of it fits SIDE. */
async function frameOf(
  { keyframes, size, fit }: Board,
  prints: readonly (string | WireError)[],
  facts: StillFacts,
): Promise<FrameOrder | null> {
  let film: Size | null = size;
  for (const [i, { path }] of keyframes.entries()) {
    if (!film && typeof prints[i] === 'string') film = await facts.size(path).catch(() => null);
  }
  if (!film) return null;
  const scale = SIDE / Math.max(film.width, film.height);
  const side = (length: number): number => (scale >= 1 ? length : Math.max(16, 2 * Math.round((length * scale) / 2)));
  return { width: side(film.width), height: side(film.height), fit };
}

function laid(
  { path, at, points, fields }: BoardKeyframe,
  print: string | WireError,
  frame: FrameOrder | null,
): LaidKeyframe {
  if (typeof print !== 'string') return { corner: null, problem: print };
  const read = at === null ? [] : [fields ?? 'auto'];
  return { corner: { key: keyOf(['still', print, at, frame, ...read]), path, at, points, fields }, problem: null };
}

interface Laid extends LayoutOptions {
  readonly keyframes: readonly LaidKeyframe[];
  readonly frame: FrameOrder | null;
  readonly engines: ReadonlyMap<string, InbetweenEntry | WireError>;
}

function takesOf(board: Board, index: number, { keyframes, frame, engines, device }: Laid): LaidTake[] {
  const gap = board.gaps[index]!;
  const engine = engines.get(gap.engine)!;
  const at = (i: number): LaidKeyframe | undefined => {
    const count = keyframes.length;
    return board.loop ? keyframes[(i + count) % count] : keyframes[i];
  };
  const [before, first, last, after] = [at(index - 1), at(index)!, at(index + 1)!, at(index + 2)];
  const problem = first.problem ?? last.problem ?? ('code' in engine ? engine : null);
  const times = gapTimes(gapsOf(board), index, board.loop);
  return gap.takes.map((seed, n) => {
    const take = { gap: index, seed, frames: gap.frames, chosen: n === gap.take };
    if (problem || 'code' in engine || !first.corner || !last.corner || !frame) {
      return { ...take, order: null, problem };
    }
    // Only who bends the paths of points looks beyond the gap.
    const beyond = engine.uses.points;
    const corners = {
      before: (beyond && before?.corner) || null,
      first: first.corner,
      last: last.corner,
      after: (beyond && after?.corner) || null,
    };
    const what = { frame, ...corners, engine: engine.id, device, motion: gap.motion, seed, times };
    return { ...take, order: { ...what, key: takeKey(what, engine) }, problem };
  });
}

/** Names a take by what its engine heeds: one without noise has the same pictures for every seed. */
export function takeKey(take: Omit<TakeOrder, 'key'>, { id, version, network, uses }: InbetweenEntry): string {
  const corner = (one: CornerOrder | null): unknown => one && [one.key, uses.points ? one.points : null];
  const { frame, before, first, last, after, device, motion, seed, times } = take;
  return keyOf([
    ...[
      'take',
      id,
      version,
      network ? device : null,
      frame,
      times,
      heedsSeed(uses, motion) ? seed : null,
      uses.motion ? motion : null,
    ],
    ...[before, first, last, after].map(corner),
  ]);
}

function keyOf(what: unknown): string {
  return createHash('sha256')
    .update(canonicalJson([VERSION, what]))
    .digest('hex');
}

function wire(thrown: unknown): WireError {
  const { code, message } = toAppError(thrown);
  return { code, message };
}
