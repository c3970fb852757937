/** One clip of the library as a film: its own pictures at its own rate, its own sound. */
import type { ClipSummary } from '../../contract/library.ts';
import type { Rational } from '../../contract/time.ts';
import { ClipFiles } from './clip-files.ts';
import type { Film, Picture, SoundPart } from './film.ts';
import { ReaderPool } from './reader-pool.ts';
import { sourcePicture } from './source-picture.ts';

const WARM = 4;

/** The clip's rate; where it is not known, 25. */
export function clipRate({ rate }: Pick<ClipSummary, 'rate'>): Rational {
  return rate ?? { num: 25, den: 1 };
}

export class ClipFilm implements Film {
  readonly length: number;
  readonly rate: Rational;
  readonly width: number;
  readonly height: number;
  readonly #id: string;
  readonly #pool = new ReaderPool();
  readonly #files: ClipFiles;
  #warming = 0;

  /** `changed` is called when its pictures may be others: its proxy is ready. */
  constructor(clip: ClipSummary, changed: () => void) {
    this.#id = clip.id;
    this.rate = clipRate(clip);
    this.length = Math.max(1, Math.round(((clip.duration ?? 0) * this.rate.num) / this.rate.den));
    this.width = clip.width ?? 16;
    this.height = clip.height ?? 9;
    this.#files = new ClipFiles((ids) => {
      if (ids.length > 0 && !ids.includes(this.#id)) return;
      this.#pool.drop(`clip/${this.#id}/proxy`);
      changed();
    });
  }

  async picture(frame: number): Promise<Picture> {
    this.#warming++;
    const { sample, badge } = await sourcePicture(this.#files, this.#pool, this.#source(frame));
    return { frame, main: sample, other: null, badge };
  }

  async warm(frame: number): Promise<void> {
    const turn = ++this.#warming;
    await new Promise((resolve) => setTimeout(resolve, 80));
    const file = await this.#files.of(this.#id).catch(() => null);
    if (!file || file.path === null) return;
    for (let i = 1; i <= 2 * WARM && turn === this.#warming; i++) {
      const one = i <= WARM ? frame + i : frame - (i - WARM);
      if (one < 0 || one >= this.length) continue;
      const reader = await this.#pool.get(file.path, file.colour).catch(() => null);
      const { seconds, choice } = this.#source(one);
      await reader?.warm(await reader.stampAt(seconds, choice).catch(() => -1));
    }
  }

  async sound(from: number, to: number): Promise<SoundPart[]> {
    const file = await this.#files.of(this.#id);
    return file.path === null ? [] : [{ path: file.path, at: from, from, length: to - from }];
  }

  close(): void {
    this.#files.close();
    this.#pool.close();
  }

  /** The middle of the frame: rounded times of the file never fall on the other side. */
  #source(frame: number): { media: string; seconds: number; choice: 'last' } {
    return { media: this.#id, seconds: ((frame + 0.5) * this.rate.den) / this.rate.num, choice: 'last' };
  }
}
