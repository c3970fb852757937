/** So many frames of one place in a row, as a record for training: what in-betweening networks learn from. */
import { AppError } from '../../contract/errors.ts';
import { decodeExample, encodeExample, type Example } from './example.ts';

export interface Window {
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  /** 1 is grey, 3 R'G'B'. */
  readonly channels: 1 | 3;
  /** Frames one after the other, each height x width x channels, 8 bits. */
  readonly data: Uint8Array;
  /** Name of the video or of the record file, with '/' between folders. */
  readonly source: string;
  /** Number of the first frame in the video; of a record file, which record it is. */
  readonly index: number;
  /** Frames of the source from one to the next. */
  readonly stride: number;
}

/** The record: video (bytes), frames, height, width, channels, index, stride (int64), source (bytes, UTF-8). */
export function encodeWindow({ data, source, ...numbers }: Window): Uint8Array {
  const ints = Object.entries(numbers).map(([name, value]) => [name, { kind: 'ints', values: [value] }] as const);
  return encodeExample({
    video: { kind: 'bytes', values: [data] },
    ...Object.fromEntries(ints),
    source: { kind: 'bytes', values: [Buffer.from(source)] },
  });
}

/** The window of a record; its pictures are a view of it. Throws `bad-records`. */
export function decodeWindow(record: Uint8Array): Window {
  const example = decodeExample(record);
  const [frames, height, width, channels] = ['frames', 'height', 'width', 'channels'].map((name) => int(example, name));
  const sound = (value: number | undefined, most: number): value is number =>
    value !== undefined && value >= 1 && value <= most;
  if (!sound(frames, 1024) || !sound(height, 4096) || !sound(width, 4096) || (channels !== 1 && channels !== 3))
    throw bad('it has no frames, height, width and channels');
  const data = bytesOf(example, 'video');
  if (data?.length !== frames * height * width * channels) throw bad('its video has another length');
  const source = new TextDecoder().decode(bytesOf(example, 'source') ?? new Uint8Array());
  const [index, stride] = [int(example, 'index') ?? 0, int(example, 'stride') ?? 1];
  return { frames, height, width, channels, data, source, index, stride };
}

/** The one value of a feature of bytes. */
export function bytesOf(example: Example, name: string): Uint8Array | undefined {
  const feature = example[name];
  return feature?.kind === 'bytes' ? feature.values[0] : undefined;
}

function int(example: Example, name: string): number | undefined {
  const feature = example[name];
  return feature?.kind === 'ints' ? feature.values[0] : undefined;
}

function bad(why: string): AppError {
  return new AppError('bad-records', `A record is no window: ${why}.`);
}
