/**
 * A taught label as a small file.
 *
 * [Note: taught file] JSON: `format` 'inbetween-taught', `version` 1, `label`, `engine` and `engineVersion` (whose embeddings it reads), `method`, `embedding` (numbers of
 * one), `centre` and `rows` (float32, little-endian, base64), `slope`, `offset` ([Note: taught]), and what was known of it: `positive`, `negative`, `accuracy`. It holds no
 * footage and no paths.
 */
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { TEACH_METHODS } from '../../contract/tags.ts';
import { plainLabel } from '../library/span-edits.ts';
import type { Classifier } from './classifier.ts';

/** A taught label with all that it needs to find itself. */
export interface Taught {
  readonly label: string;
  readonly engine: string;
  readonly engineVersion: string;
  readonly positive: number;
  readonly negative: number;
  /** 0..1 or null ([Note: left out]). */
  readonly accuracy: number | null;
  readonly classifier: Classifier;
}

const FORMAT = 'inbetween-taught';
const VERSION = 1;
const MOST_NUMBERS = 65_536;
const MOST_ROWS = 4096;

const count = z.int().min(0).max(1e9);
const schema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  label: z.string().max(200).transform(plainLabel).pipe(z.string().min(1).max(200)),
  engine: z.string().min(1).max(200),
  engineVersion: z.string().min(1).max(200),
  method: z.enum(TEACH_METHODS),
  embedding: z.int().min(1).max(MOST_NUMBERS),
  centre: z.string(),
  rows: z.array(z.string()).min(1).max(MOST_ROWS),
  slope: z.number(),
  offset: z.number(),
  positive: count,
  negative: count,
  accuracy: z.number().min(0).max(1).nullable(),
});

export function taughtText(taught: Taught): string {
  const { classifier, ...facts } = taught;
  const { method, centre, rows, slope, offset } = classifier;
  return JSON.stringify(
    {
      ...{ format: FORMAT, version: VERSION, ...facts, method, embedding: centre.length, slope, offset },
      ...{ centre: toBase64(centre), rows: rows.map(toBase64) },
    },
    null,
    2,
  );
}

/** Throws 'bad-taught' with the reason; `where` names the text. */
export function parseTaught(text: string, where: string): Taught {
  const bad = (why: string): AppError => new AppError('bad-taught', `${where} is no taught label: ${why}.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad('it is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw bad(path.length === 0 ? message : `'${path.join('.')}': ${message}`);
  }
  const { label, engine, engineVersion, positive, negative, accuracy, embedding } = parsed.data;
  const vector = (base64: string, name: string): Float32Array => {
    const numbers = fromBase64(base64);
    if (numbers?.length !== embedding) throw bad(`'${name}' is not ${embedding} numbers`);
    if (!numbers.every(Number.isFinite)) throw bad(`'${name}' holds what is no number`);
    return numbers;
  };
  const classifier: Classifier = {
    ...{ method: parsed.data.method, slope: parsed.data.slope, offset: parsed.data.offset },
    centre: vector(parsed.data.centre, 'centre'),
    rows: parsed.data.rows.map((row, n) => vector(row, `rows.${n}`)),
  };
  return { label, engine, engineVersion, positive, negative, accuracy, classifier };
}

function toBase64(numbers: Float32Array): string {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, n) => bytes.writeFloatLE(number, n * 4));
  return bytes.toString('base64');
}

function fromBase64(text: string): Float32Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 4 !== 0) return undefined;
  return Float32Array.from({ length: bytes.length / 4 }, (_, n) => bytes.readFloatLE(n * 4));
}
