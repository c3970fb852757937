/**
 * Python pickles, protocols 2 to 5, as data. Nothing of a pickle is ever run: see [Note: pickles].
 *
 * [Note: pickles] A pickle is a program for a stack machine: it builds values and may call any function it can name. This
 * machine builds values only. Every name goes through the host, which knows the few that tensors are made of and refuses all others by
 * name; a call makes whatever the host says it makes. Work and memory are bounded by the number of instructions; values that
 * share others share them here too, so a billion laughs costs what its text costs.
 */
import { AppError } from '../../contract/errors.ts';

/** What the pickle may name, and what comes of it. Throws `checkpoint-refused` for all else. */
export interface PickleHost {
  global(module: string, name: string): unknown;
  /** A value kept outside the pickle: a storage. */
  persistent(id: unknown): unknown;
  /** `callee` is something `global` gave (or any other value: refuse it). */
  call(callee: unknown, args: readonly unknown[]): unknown;
  /** What __setstate__ would do. */
  build(object: unknown, state: unknown): void;
}

/** The bytes end before the pickle does. */
export class PickleCutOff extends Error {}

/** About 60 instructions make a tensor. */
const MAX_INSTRUCTIONS = 3_000_000;
const MAX_CONTAINERS = 500_000;
const MAX_LONG_BYTES = 256;

/**
 * Reads the pickle at `from`. Lists and tuples become arrays, dicts Maps, sets arrays, bytes Uint8Arrays; integers beyond 2^53
 * bigints. `end` is where the next pickle may begin. Throws PickleCutOff, `checkpoint-damaged` or `checkpoint-refused`.
 */
export function unpickle(bytes: Uint8Array, host: PickleHost, from = 0): { value: unknown; end: number } {
  const machine = new Machine(bytes, host, from);
  for (let count = 0; count < MAX_INSTRUCTIONS; count++) {
    const code = machine.byte();
    if (code === STOP) return { value: machine.pop(), end: machine.at };
    const run = INSTRUCTIONS.get(code);
    if (!run)
      throw broken(`it holds the instruction 0x${code.toString(16).padStart(2, '0')}, which no checkpoint needs`);
    run(machine);
  }
  throw new AppError('checkpoint-refused', `A pickle of more than ${MAX_INSTRUCTIONS} instructions is not read.`);
}

function broken(why: string): AppError {
  return new AppError('checkpoint-damaged', `A pickle in the checkpoint is damaged: ${why}.`);
}

const MARK = Symbol('mark');

class Machine {
  readonly host: PickleHost;
  readonly memo = new Map<number, unknown>();
  at: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly stack: unknown[] = [];
  private containers = 0;

  constructor(bytes: Uint8Array, host: PickleHost, from: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.host = host;
    this.at = from;
  }

  /** Moves on by `length` bytes and gives where they begin. */
  private skip(length: number): number {
    const at = this.at;
    if (at + length > this.bytes.length) throw new PickleCutOff('The pickle is cut off.');
    this.at += length;
    return at;
  }
  byte(): number {
    return this.view.getUint8(this.skip(1));
  }
  uint16(): number {
    return this.view.getUint16(this.skip(2), true);
  }
  int32(): number {
    return this.view.getInt32(this.skip(4), true);
  }
  uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }
  uint64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }
  double(): number {
    return this.view.getFloat64(this.skip(8), false);
  }
  take(length: number): Uint8Array {
    const at = this.skip(length);
    return new Uint8Array(this.bytes.subarray(at, this.at));
  }
  text(length: number, encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const at = this.skip(length);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + at, length).toString(encoding);
  }
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new PickleCutOff('The pickle is cut off.');
    const line = this.text(end - this.at);
    this.at++;
    return line;
  }

  push(value: unknown): void {
    this.stack.push(value);
  }
  pop(): unknown {
    if (this.stack.length === 0 || this.top() === MARK) throw broken('it takes more than there is');
    return this.stack.pop();
  }
  top(): unknown {
    if (this.stack.length === 0) throw broken('it looks at nothing');
    return this.stack.at(-1);
  }
  mark(): void {
    this.stack.push(MARK);
  }
  /** Everything above the last mark, which goes too. */
  popToMark(): unknown[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw broken('a mark is missing');
    const items = this.stack.splice(mark);
    items.shift();
    return items;
  }
  /** Counts a new list, tuple, dict or object. */
  made<T>(container: T): T {
    if (++this.containers > MAX_CONTAINERS) {
      throw new AppError('checkpoint-refused', `A pickle of more than ${MAX_CONTAINERS} containers is not read.`);
    }
    return container;
  }
  dict(): Map<unknown, unknown> {
    const dict = this.top();
    if (!(dict instanceof Map)) throw broken('it sets an item of what is no dict');
    return dict;
  }
  list(): unknown[] {
    const list = this.top();
    if (!Array.isArray(list)) throw broken('it appends to what is no list');
    return list;
  }
  call(args: unknown): void {
    if (!Array.isArray(args)) throw broken('it calls without arguments');
    this.push(this.made(this.host.call(this.pop(), args)));
  }
  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw broken('a name is no text');
    this.push(this.host.global(module, name));
  }
  recall(index: number): void {
    if (!this.memo.has(index)) throw broken('it remembers what it never saw');
    this.push(this.memo.get(index));
  }
  remember(index: number): void {
    this.memo.set(index, this.top());
  }
}

function setItems(dict: Map<unknown, unknown>, items: readonly unknown[]): void {
  if (items.length % 2 !== 0) throw broken('a key has no value');
  for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
}

function tuple(machine: Machine, size: number): void {
  const items = machine.made<unknown[]>([]);
  for (let i = 0; i < size; i++) items.unshift(machine.pop());
  machine.push(items);
}

/** Little-endian two's complement. */
function long(bytes: Uint8Array): number | bigint {
  if (bytes.length > MAX_LONG_BYTES) throw broken(`it holds a number of ${bytes.length} bytes`);
  if (bytes.length === 0) return 0;
  const magnitude = BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`);
  const value = BigInt.asIntN(bytes.length * 8, magnitude);
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
}

function decimal(line: string): number | boolean {
  if (line === '00' || line === '01') return line === '01';
  const value = Number(line);
  if (line.trim() === '' || Number.isNaN(value)) throw broken(`${JSON.stringify(line.slice(0, 40))} is no number`);
  return value;
}

const STOP = 0x2e;

type Instruction = (machine: Machine) => void;

const NUMBERS: [string, Instruction][] = [
  ['N', (m) => m.push(null)],
  ['\x88', (m) => m.push(true)],
  ['\x89', (m) => m.push(false)],
  ['I', (m) => m.push(decimal(m.line()))],
  ['F', (m) => m.push(decimal(m.line()))],
  ['J', (m) => m.push(m.int32())],
  ['K', (m) => m.push(m.byte())],
  ['M', (m) => m.push(m.uint16())],
  ['G', (m) => m.push(m.double())],
  ['\x8a', (m) => m.push(long(m.take(m.byte())))],
  ['\x8b', (m) => m.push(long(m.take(m.uint32())))],
];

const TEXTS: [string, Instruction][] = [
  // Python 2 wrote its names as bytes; in a state dict they are ASCII.
  ['T', (m) => m.push(m.text(m.uint32(), 'latin1'))],
  ['U', (m) => m.push(m.text(m.byte(), 'latin1'))],
  ['X', (m) => m.push(m.text(m.uint32()))],
  ['\x8c', (m) => m.push(m.text(m.byte()))],
  ['\x8d', (m) => m.push(m.text(m.uint64()))],
  ['B', (m) => m.push(m.take(m.uint32()))],
  ['C', (m) => m.push(m.take(m.byte()))],
  ['\x8e', (m) => m.push(m.take(m.uint64()))],
  ['\x96', (m) => m.push(m.take(m.uint64()))],
];

const CONTAINERS: [string, Instruction][] = [
  [']', (m) => m.push(m.made([]))],
  ['\x8f', (m) => m.push(m.made([]))],
  ['}', (m) => m.push(m.made(new Map()))],
  [')', (m) => tuple(m, 0)],
  ['\x85', (m) => tuple(m, 1)],
  ['\x86', (m) => tuple(m, 2)],
  ['\x87', (m) => tuple(m, 3)],
  ['t', (m) => m.push(m.made(m.popToMark()))],
  ['l', (m) => m.push(m.made(m.popToMark()))],
  ['\x91', (m) => m.push(m.made(m.popToMark()))],
  [
    'd',
    (m) => {
      const items = m.popToMark();
      m.push(m.made(new Map()));
      setItems(m.dict(), items);
    },
  ],
  [
    'a',
    (m) => {
      const item = m.pop();
      m.list().push(item);
    },
  ],
  [
    's',
    (m) => {
      const value = m.pop();
      const key = m.pop();
      m.dict().set(key, value);
    },
  ],
  [
    'u',
    (m) => {
      const items = m.popToMark();
      setItems(m.dict(), items);
    },
  ],
];

function addItems(machine: Machine): void {
  const items = machine.popToMark();
  const list = machine.list();
  for (const item of items) list.push(item);
}

const OTHERS: [string, Instruction][] = [
  ['e', addItems],
  ['\x90', addItems],
  ['\x80', (m) => void m.byte()],
  ['\x95', (m) => void m.uint64()],
  ['(', (m) => m.mark()],
  ['0', (m) => void (m.top() === MARK ? m.popToMark() : m.pop())],
  ['1', (m) => void m.popToMark()],
  ['2', (m) => m.push(m.top() === MARK ? m.pop() : m.top())],
  ['c', (m) => m.global(m.line(), m.line())],
  [
    '\x93',
    (m) => {
      const name = m.pop();
      m.global(m.pop(), name);
    },
  ],
  ['Q', (m) => m.push(m.host.persistent(m.pop()))],
  ['R', (m) => m.call(m.pop())],
  ['\x81', (m) => m.call(m.pop())],
  [
    'b',
    (m) => {
      const state = m.pop();
      m.host.build(m.top(), state);
    },
  ],
  ['p', (m) => m.remember(Number(m.line()))],
  ['q', (m) => m.remember(m.byte())],
  ['r', (m) => m.remember(m.uint32())],
  ['\x94', (m) => m.remember(m.memo.size)],
  ['g', (m) => m.recall(Number(m.line()))],
  ['h', (m) => m.recall(m.byte())],
  ['j', (m) => m.recall(m.uint32())],
];

const INSTRUCTIONS: ReadonlyMap<number, Instruction> = new Map(
  [...NUMBERS, ...TEXTS, ...CONTAINERS, ...OTHERS].map(([code, run]) => [code.charCodeAt(0), run]),
);
