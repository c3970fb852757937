/** What the readers' tests share: files of their own, digests to compare with Python's, hostile files. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, type ErrorCode } from '../../../app/contract/errors.ts';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { shared } from '../../support/command.ts';

export const skip = shared ? false : 'INBETWEEN_SHARED is not set: the official containers are not here';

export function fixture(name: string): string {
  return join(shared ?? '', 'fixtures', name);
}

/** Number of tensors, of elements, and the digest of names, shapes and stored bytes; digest.py prints the same. */
export async function digest(path: string): Promise<string> {
  await using checkpoint = await openCheckpoint(path);
  const hash = createHash('sha256');
  let elements = 0;
  for (const name of checkpoint.names().toSorted()) {
    const { data, shape } = await checkpoint.tensor(name);
    assert.deepEqual(checkpoint.info(name).shape, shape);
    elements += data.length;
    hash.update(`${name}|${shape.join(',')}|`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return `${checkpoint.format} ${checkpoint.names().length} ${elements} ${hash.digest('hex').slice(0, 16)}`;
}

/** Opens `path`, or reads all of it, and wants it refused with `code` and a sentence that says `said`. */
export async function refused(path: string, code: ErrorCode, said: RegExp): Promise<void> {
  await assert.rejects(readAll(path), (error: unknown) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, said);
    return true;
  });
}

export async function readAll(path: string): Promise<number> {
  await using checkpoint = await openCheckpoint(path);
  let bytes = 0;
  for (const name of checkpoint.names()) bytes += (await checkpoint.tensor(name)).data.byteLength;
  return bytes;
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const NASTY = [0, 1, 0x7f, 0x80, 0xff];

/** A copy with a few bytes changed, most of them near `spots` (headers, where the meaning is), or cut, or with bytes moved. */
export function mutate(original: Uint8Array, next: () => number, spots: readonly number[]): Uint8Array {
  const bytes = Uint8Array.from(original);
  const below = (limit: number): number => Math.floor(next() * limit);
  const place = (): number => {
    const spot = next() < 0.8 ? spots[below(spots.length)]! : below(bytes.length);
    return Math.min(bytes.length - 1, Math.max(0, spot + below(257) - 128));
  };
  for (let change = below(4); change >= 0; change--) {
    const at = place();
    const kind = next();
    if (kind < 0.4) bytes[at] = below(256);
    else if (kind < 0.7) bytes[at] = NASTY[below(NASTY.length)]!;
    else if (kind < 0.8) bytes.fill(NASTY[below(NASTY.length)]!, at, at + 8);
    else if (kind < 0.9) bytes.copyWithin(at, place(), place() + 16);
    else bytes[at] = bytes[at]! ^ (1 << below(8));
  }
  return next() < 0.15 ? bytes.subarray(0, below(bytes.length)) : bytes;
}

/** How often an outcome was seen: 'read', or the code of the error. */
export type Outcomes = Map<string, number>;

export interface FuzzOptions {
  readonly seed: number;
  readonly count: number;
  readonly spots: readonly number[];
  /** Makes what was changed pass its checksums. */
  readonly seal?: (changed: Uint8Array) => Uint8Array;
}

/**
 * Reads `count` mutations of `original` from `path`. Each is read or refused with a checkpoint-* code, within a second and
 * without growing by more than 256 MB.
 */
export async function fuzz(
  path: string,
  original: Uint8Array,
  { seed, count, spots, seal = (changed) => changed }: FuzzOptions,
): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  for (let i = 0; i < count; i++) {
    const bytes = seal(mutate(original, random(seed * 1_000_003 + i), spots));
    writeFileSync(path, bytes);
    // Time of the processor, so that a machine with other work to do fails nothing.
    const before = process.cpuUsage();
    const memory = process.memoryUsage().rss;
    const outcome = await readAll(path).then(
      () => 'read',
      (error: unknown) => {
        const expected = error instanceof AppError && error.code.startsWith('checkpoint-');
        if (!expected) throw new Error(`seed ${seed}, mutation ${i}`, { cause: error });
        return error.code;
      },
    );
    const { user, system } = process.cpuUsage(before);
    const seconds = (user + system) / 1e6;
    assert.ok(seconds < 1, `seed ${seed}, mutation ${i} took ${seconds} s`);
    const grown = (process.memoryUsage().rss - memory) / 2 ** 20;
    assert.ok(grown < 256, `seed ${seed}, mutation ${i} took ${grown} MB`);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return outcomes;
}

/** Safetensors of a header as given (an object or raw text) and as many bytes of values. */
export function safetensorsBytes(header: object | string, values: Uint8Array): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, values]);
}
