/** The keyframes of a morph: looked at once, read again when a gap needs them. */
import { stat } from 'node:fs/promises';
import type { VideoInfo } from '../../contract/media.ts';
import type { MorphKeyframe } from '../../contract/morph.ts';
import { frameBytes, type Frame, type PixelFormat } from '../media/frame.ts';
import { contentOf, readKeyframe, type KeyframeStill, type ReadOptions } from './keyframe.ts';

/** What is known of a keyframe without its picture. */
export interface KeyframeFacts {
  readonly width: number;
  readonly height: number;
  readonly format: PixelFormat;
  readonly info: VideoInfo;
  readonly at: KeyframeStill['at'];
  readonly notes: readonly string[];
  /** Equal for pictures that are the same sample for sample. */
  readonly content: string;
}

/** Decoded pictures that are kept, in bytes: of 48 megapixels one and no more. */
export const KEEP_BYTES = 192 * 2 ** 20;

/** Facts of the last pictures looked at, in any morph: a board is planned again at every edit. Oldest first. */
const known = new Map<string, KeyframeFacts>();
const MOST_KNOWN = 4 * 1000;

export class Keyframes {
  readonly #keyframes: readonly MorphKeyframe[];
  readonly #options: ReadOptions;
  /** Oldest use first. */
  readonly #stills = new Map<number, KeyframeStill>();

  constructor(keyframes: readonly MorphKeyframe[], options: ReadOptions = {}) {
    this.#keyframes = keyframes;
    this.#options = options;
  }

  get count(): number {
    return this.#keyframes.length;
  }

  at(index: number): MorphKeyframe {
    return this.#keyframes[index]!;
  }

  /** Reads the picture where it was not looked at before. Throws as `readKeyframe`. */
  async facts(index: number): Promise<KeyframeFacts> {
    this.#options.signal?.throwIfAborted();
    const key = await keyOf(this.at(index));
    const found = key && known.get(key);
    if (found) return found;
    const still = await this.still(index);
    const { frame, info, at, notes } = still;
    const { width, height, format } = frame;
    const facts = { width, height, format, info, at, notes, content: contentOf(still) };
    if (key) known.set(key, facts);
    for (const oldest of known.keys()) if (known.size > MOST_KNOWN) known.delete(oldest);
    return facts;
  }

  /** The picture, upright. Throws as `readKeyframe`. */
  async still(index: number): Promise<KeyframeStill> {
    const kept = this.#stills.get(index);
    const still = kept ?? (await readKeyframe(this.at(index), this.#options));
    this.#stills.delete(index);
    this.#stills.set(index, still);
    keepNewest(this.#stills, ({ frame }) => frame, 1);
    return still;
  }
}

/** Forgets the pictures put in first, until the others take no more than KEEP_BYTES or there are only `least`. */
export function keepNewest<T>(kept: Map<number, T>, frameOf: (one: T) => Frame, least: number): void {
  const bytesOf = (one: T): number => {
    const { format, width, height } = frameOf(one);
    return frameBytes(format, width, height);
  };
  let bytes = [...kept.values()].reduce((sum, one) => sum + bytesOf(one), 0);
  for (const [index, one] of kept) {
    if (bytes <= KEEP_BYTES || kept.size <= least) return;
    kept.delete(index);
    bytes -= bytesOf(one);
  }
}

/** What a keyframe shows depends on this alone; undefined for what is no file of its own (numbered images). */
async function keyOf({ path, at, fields }: MorphKeyframe): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && JSON.stringify([path, at, fields, String(found.size), String(found.mtimeNs), String(found.ino)]);
}
