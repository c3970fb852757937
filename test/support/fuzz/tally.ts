/** How the cases of a fuzz ended, and the evidence of it: pieces may be run one by one, the file holds the last run of each. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../command.ts';
import { writeEvidence } from '../evidence.ts';
import type { Watched } from './watched.ts';

interface Piece {
  readonly cases: number;
  readonly done: number;
  readonly refused: number;
  readonly failures: readonly string[];
  readonly slowest: { readonly seconds: number; readonly which: string };
  readonly largest: { readonly megabytes: number; readonly which: string };
  readonly ends: Readonly<Record<string, number>>;
  /** By seed or reader: how many were done, and refused. */
  readonly kinds: Readonly<Record<string, readonly [done: number, refused: number]>>;
}

/** Ends that are neither done nor refused. */
const WRONG = new Set(['internal', 'crash', 'too long', 'too large']);

export class Tally {
  readonly failures: string[] = [];
  readonly #ends: Record<string, number> = {};
  readonly #kinds: Record<string, [number, number]> = {};
  #slowest = { seconds: 0, which: '' };
  #largest = { megabytes: 0, which: '' };
  #cases = 0;

  /** Whether the case ended as it should. */
  add(which: string, kind: string, ended: Watched, allowedSeconds: number): boolean {
    this.#cases++;
    const done = ended.end === 'done';
    const end = done ? `done: ${ended.stage.replace(/,.*/, '')}` : ended.end;
    this.#ends[end] = (this.#ends[end] ?? 0) + 1;
    (this.#kinds[kind] ??= [0, 0])[done ? 0 : 1]++;
    if (ended.seconds > this.#slowest.seconds) this.#slowest = { seconds: Number(ended.seconds.toFixed(2)), which };
    if (ended.megabytes > this.#largest.megabytes) this.#largest = { megabytes: ended.megabytes, which };
    if (!WRONG.has(ended.end) && ended.seconds <= allowedSeconds) return true;
    this.fail(
      `${which}: ${ended.end} at ${ended.stage} after ${ended.seconds.toFixed(1)} s: ${ended.stack ?? ended.message ?? ''}`,
    );
    return false;
  }

  fail(what: string): void {
    this.failures.push(what);
    process.stderr.write(`${what}\n`);
  }

  /** By seed or reader. */
  get kinds(): Piece['kinds'] {
    return this.#kinds;
  }

  get piece(): Piece {
    const done = Object.values(this.#kinds).reduce((sum, [one]) => sum + one, 0);
    const { failures } = this;
    const refused = this.#cases - done - failures.length;
    const rest = { slowest: this.#slowest, largest: this.#largest, ends: this.#ends, kinds: this.#kinds };
    return { cases: this.#cases, done, refused, failures, ...rest };
  }

  /** In a sentence. */
  get says(): string {
    const { cases, done, refused, failures, slowest, largest } = this.piece;
    const taken = `the slowest took ${slowest.seconds} s of the processor, the largest ${largest.megabytes} MB`;
    return `${cases} tried, ${done} done, ${refused} refused, ${failures.length} otherwise; ${taken}`;
  }
}

/** Writes the piece that begins at number `from` into docs/evidence/NAME.json, with the sums over all pieces; `more` goes with them. */
export function writePiece(name: string, from: number, piece: Piece, more: Record<string, unknown>): void {
  const path = join(root, 'docs', 'evidence', `${name}.json`);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '{}';
  const known = (JSON.parse(before) as { pieces?: Record<string, Piece> }).pieces;
  const pieces: Record<string, Piece> = { ...known, [from]: piece };
  const all = Object.values(pieces);
  const sum = (of: (one: Piece) => number): number => all.reduce((total, one) => total + of(one), 0);
  const [slowest] = all.map((one) => one.slowest).toSorted((a, b) => b.seconds - a.seconds);
  const [largest] = all.map((one) => one.largest).toSorted((a, b) => b.megabytes - a.megabytes);
  writeEvidence(name, {
    ...{ cases: sum((one) => one.cases), done: sum((one) => one.done), refused: sum((one) => one.refused) },
    ...{ failures: sum((one) => one.failures.length), slowest, largest, ...more, pieces },
  });
}
