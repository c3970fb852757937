/** What a keyframe's file is, looked at again only when it has changed. */
import { stat } from 'node:fs/promises';
import type { Rational } from '../../contract/time.ts';
import { identify } from '../library/file-identity.ts';
import { probe } from '../media/probe.ts';
import { isNearlySquare } from '../media/square-pixels.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Known {
  readonly stamp: string;
  readonly fingerprint: Promise<string>;
  size?: Promise<Size>;
}

/** Files kept in mind: a board's keyframes, and those of a few more. */
const KEPT = 2000;

export class StillFacts {
  readonly #known = new Map<string, Known>();

  /** Names the content of a file. Throws as `identify`. */
  async fingerprint(path: string): Promise<string> {
    return await (
      await this.#look(path)
    ).fingerprint;
  }

  /** Of its picture as it is shown, in square pixels. Throws as `identify` and `probe`. */
  async size(path: string): Promise<Size> {
    const known = await this.#look(path);
    known.size ??= probe(path).then(({ video: { width, height, sampleAspect } }) => shown(width, height, sampleAspect));
    known.size.catch(() => delete known.size);
    return await known.size;
  }

  async #look(path: string): Promise<Known> {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    // A pattern of numbered pictures is no file: it is looked at each time.
    const stamp = found ? `${found.size} ${found.mtimeNs}` : String(performance.now());
    const before = this.#known.get(path);
    if (before?.stamp === stamp) return before;
    const known: Known = { stamp, fingerprint: identify(path).then(({ fingerprint }) => fingerprint) };
    known.fingerprint.catch(() => {
      if (this.#known.get(path) === known) this.#known.delete(path);
    });
    this.#known.delete(path);
    this.#known.set(path, known);
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value!);
    return known;
  }
}

function shown(width: number, height: number, aspect: Rational): Size {
  return { width: isNearlySquare(aspect) ? width : Math.round((width * aspect.num) / aspect.den), height };
}
