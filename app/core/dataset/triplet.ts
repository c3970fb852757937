/** Three pictures of one place in a row, as a record for training. */
import { AppError } from '../../contract/errors.ts';
import { decodeExample, encodeExample, type Example, type Feature } from './example.ts';

/** Pixels on a side of the patches we cut; 128 are left after a random crop. */
export const PATCH = 150;

export interface Triplet {
  readonly width: number;
  readonly height: number;
  /** Before, middle, after: R'G'B' of 8 bits, height x width x 3. */
  readonly frames: readonly [Uint8Array, Uint8Array, Uint8Array];
  /** Name of the video, with '/' between folders. */
  readonly source: string;
  /** Number of the middle frame in the video, and how many frames the others are away. */
  readonly index: number;
  readonly gap: number;
  /** Upper left corner in the picture. */
  readonly x: number;
  readonly y: number;
  /** Mean length of the motion from the first picture to the last, in pixels; where there is no texture it counts as none. */
  readonly motion: number;
}

/** Larger pictures are no patches. */
const MAX_SIDE = 4096;

/**
 * The record: frame0, frame1, frame2 (bytes), height, width, index, gap, x, y (int64), source (bytes, UTF-8), motion (float).
 */
export function encodeTriplet({ frames, source, motion, ...numbers }: Triplet): Uint8Array {
  const ints = Object.entries(numbers).map(([name, value]): [string, Feature] => [
    name,
    { kind: 'ints', values: [value] },
  ]);
  const pictures = frames.map((data, i): [string, Feature] => [`frame${i}`, { kind: 'bytes', values: [data] }]);
  return encodeExample({
    ...Object.fromEntries([...pictures, ...ints]),
    source: { kind: 'bytes', values: [Buffer.from(source)] },
    motion: { kind: 'floats', values: [motion] },
  });
}

/** The triplet of a record; pictures are views of it. Of index, gap, x and y, what is not there is 0. Throws `bad-records`. */
export function decodeTriplet(record: Uint8Array): Triplet {
  const example = decodeExample(record);
  const [height, width] = [int(example, 'height'), int(example, 'width')];
  const sound = (side: number | undefined): side is number => side !== undefined && side >= 1 && side <= MAX_SIDE;
  if (!sound(height) || !sound(width)) throw bad('it has no height and width of 1 to 4096');
  const frames = [0, 1, 2].map((i) => {
    const data = bytes(example, `frame${i}`);
    if (data?.length !== width * height * 3) throw bad(`frame${i} is not ${width}x${height} RGB`);
    return data;
  });
  const motion = example['motion'];
  return {
    width,
    height,
    frames: frames as [Uint8Array, Uint8Array, Uint8Array],
    source: new TextDecoder().decode(bytes(example, 'source') ?? new Uint8Array()),
    index: int(example, 'index') ?? 0,
    gap: int(example, 'gap') ?? 0,
    x: int(example, 'x') ?? 0,
    y: int(example, 'y') ?? 0,
    motion: motion?.kind === 'floats' ? (motion.values[0] ?? 0) : 0,
  };
}

function bytes(example: Example, name: string): Uint8Array | undefined {
  const feature = example[name];
  return feature?.kind === 'bytes' ? feature.values[0] : undefined;
}

function int(example: Example, name: string): number | undefined {
  const feature = example[name];
  return feature?.kind === 'ints' ? feature.values[0] : undefined;
}

function bad(why: string): AppError {
  return new AppError('bad-records', `A record is no triplet: ${why}.`);
}
