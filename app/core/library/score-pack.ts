/**
 * How scores lie in the library.
 *
 * [Note: packing] Probabilities are float16, those below 1/16 with 5 bits after the first: right to 1.6 %, or to a millionth, which no curve on a logarithmic axis
 * shows. They lie label by label as differences from score to score, the high bytes before the low ones, deflated: an hour of 600 labels five times a second
 * takes about 11 MB, of 17 labels 12.5 times a second 1.2 MB (test/core/library/tag-runs.test.ts prints it). Of the embeddings two a second are kept, as int8
 * of their largest number.
 */
/// <reference lib="es2025.float16" />
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { AppError } from '../../contract/errors.ts';

const FINE_FROM = 1 / 16;
const DROPPED_BITS = 5;
/** Embeddings kept of a second. */
const EMBEDDINGS_A_SECOND = 2;

/** Probabilities as they will be read back; what is no number is 0. Rounding twice is rounding once. */
export function asStored(probabilities: Float32Array): Float32Array {
  return new Float32Array(rounded(probabilities));
}

function rounded(probabilities: Float32Array): Float16Array {
  const halves = new Float16Array(probabilities.length);
  const bits = new Uint16Array(halves.buffer);
  for (let i = 0; i < halves.length; i++) {
    const value = probabilities[i]!;
    halves[i] = value > 0 ? Math.min(value, 1) : 0;
    if (halves[i]! < FINE_FROM) bits[i] = ((bits[i]! + (1 << (DROPPED_BITS - 1))) >> DROPPED_BITS) << DROPPED_BITS;
  }
  return halves;
}

/** [scores, labels] to bytes. */
export function packScores(probabilities: Float32Array, labels: number): Uint8Array {
  const scores = probabilities.length / labels;
  const bits = new Uint16Array(rounded(probabilities).buffer);
  const bytes = new Uint8Array(2 * bits.length);
  for (let label = 0; label < labels; label++) {
    let before = 0;
    for (let score = 0; score < scores; score++) {
      const now = bits[score * labels + label]!;
      const step = (now - before) & 0xffff;
      before = now;
      bytes[label * scores + score] = step >> 8;
      bytes[bits.length + label * scores + score] = step & 0xff;
    }
  }
  return deflateRawSync(bytes);
}

/**
 * Unpacks scores [from, to) of those a row has, `wanted` labels of them all, into `into` [.., wanted] from score `at` on. Throws 'database' for bytes that are
 * none of ours.
 */
export function unpackScores(
  packed: Uint8Array,
  {
    scores,
    labels,
    wanted,
    from,
    to,
  }: { scores: number; labels: number; wanted: readonly number[]; from: number; to: number },
  into: Float32Array,
  at: number,
): void {
  const bytes = inflated(packed, 2 * scores * labels);
  const halves = new Float16Array(scores);
  const bits = new Uint16Array(halves.buffer);
  const high = scores * labels;
  for (const [place, label] of wanted.entries()) {
    let value = 0;
    for (let score = 0; score < to; score++) {
      const i = label * scores + score;
      value = (value + ((bytes[i]! << 8) | bytes[high + i]!)) & 0xffff;
      bits[score] = value;
    }
    for (let score = from; score < to; score++) into[(at + score - from) * wanted.length + place] = halves[score]!;
  }
}

/** Whether the embedding of score `index` is kept. */
export function embeddingKept(index: number, rate: number): boolean {
  const slot = (i: number): number => Math.floor((i * EMBEDDINGS_A_SECOND) / rate);
  return index === 0 || slot(index) !== slot(index - 1);
}

/** Those embeddings of `all` [scores, size] that are kept, the first being of score `first`. */
export function packEmbeddings(all: Float32Array, size: number, first: number, rate: number): Uint8Array {
  const kept: number[] = [];
  for (let i = 0; i < all.length / size; i++) if (embeddingKept(first + i, rate)) kept.push(i);
  const bytes = new Uint8Array(kept.length * (4 + size));
  const view = new DataView(bytes.buffer);
  for (const [place, i] of kept.entries()) {
    const vector = all.subarray(i * size, (i + 1) * size);
    const scale = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    view.setFloat32(4 * place, scale, true);
    const start = 4 * kept.length + place * size;
    if (scale > 0) for (let j = 0; j < size; j++) view.setInt8(start + j, Math.round(vector[j]! / scale));
  }
  return deflateRawSync(bytes);
}

/** The embeddings of a row, [kept, size]. Throws 'database'. */
export function unpackEmbeddings(packed: Uint8Array, size: number, kept: number): Float32Array {
  const bytes = inflated(packed, kept * (4 + size));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(kept * size);
  for (let place = 0; place < kept; place++) {
    const scale = view.getFloat32(4 * place, true);
    const start = 4 * kept + place * size;
    for (let j = 0; j < size; j++) out[place * size + j] = view.getInt8(start + j) * scale;
  }
  return out;
}

function inflated(packed: Uint8Array, length: number): Uint8Array {
  try {
    const bytes = inflateRawSync(packed, { maxOutputLength: Math.max(1, length) });
    if (bytes.length === length) return bytes;
  } catch {
    // Said below.
  }
  throw new AppError(
    'database',
    'Stored scores of actions hold something Inbetween did not write; tag the clip again.',
  );
}
