/**
 * How combed the fields of neighbouring frames are when woven with each other. [Note: combing]
 *
 * Of two coded frames there are four fields, and four ways to weave a top one with a bottom one. A pair of fields of one moment makes a picture;
 * one of two moments is combed wherever something moved, the more the longer between them. Which pairs fit together tells how the fields came
 * about, whatever the file's flags say: within a frame only (progressive), with the frame before only (telecine), nowhere (interlaced). Vertical detail
 * is a comb, too, but the same in all four; so the four are looked at together, and only where something moves.
 * A comb is |2 a - b - c|, `a` a line of the top field and b, c the lines of the bottom field around it.
 */

/** Least difference between two fields of the same lines that counts as motion, of 255: above the noise of most footage. */
const MOTION = 10;
/** Places looked at in a frame, about. */
const PLACES = 8192;

/** Of each pair of neighbouring frames (entry k: frames k - 1 and k), 5 numbers: how many places moved, and the mean combs there. */
export const COMB_NUMBERS = 5;
/** Places of the means: before (both fields of frame k - 1), within (both of k), top with the bottom before, bottom with the top before. */
export const COMB_OF = { before: 1, within: 2, topNow: 3, bottomNow: 4 } as const;

/**
 * Measures a stream of samples of width x height bytes: columns of single pixels, as high as the picture (averaging across would blur combs away).
 * Memory: one sample, and five numbers a frame.
 */
export class CombMeter {
  readonly #width: number;
  readonly #height: number;
  readonly #step: number;
  #before: Uint8Array | undefined;
  #numbers = new Float32Array(1024 * COMB_NUMBERS);
  #count = 0;

  constructor({ width, height }: { width: number; height: number }) {
    this.#width = width;
    this.#height = height;
    this.#step = 2 * Math.max(1, Math.round((width * height) / 2 / PLACES));
  }

  /** Takes the next frame's sample. The bytes are not kept. */
  push(sample: Uint8Array): void {
    if ((this.#count + 1) * COMB_NUMBERS > this.#numbers.length) {
      const more = new Float32Array(this.#numbers.length * 2);
      more.set(this.#numbers);
      this.#numbers = more;
    }
    if (this.#before) this.#measure(this.#before, sample, this.#count * COMB_NUMBERS);
    this.#before ??= new Uint8Array(sample.length);
    this.#before.set(sample);
    this.#count++;
  }

  /** COMB_NUMBERS a frame; those of frame 0 are zero. */
  finish(): Float32Array {
    return this.#numbers.subarray(0, this.#count * COMB_NUMBERS);
  }

  #measure(p: Uint8Array, c: Uint8Array, at: number): void {
    const [w, last] = [this.#width, this.#height - 2];
    let [moved, before, within, topNow, bottomNow] = [0, 0, 0, 0, 0];
    for (let y = 2; y < last; y += this.#step) {
      for (let i = y * w, end = i + w; i < end; i++) {
        const [top, up, down] = [c[i]!, c[i - w]!, c[i + w]!];
        const [oldTop, oldUp, oldDown] = [p[i]!, p[i - w]!, p[i + w]!];
        const [a, b, d] = [top - oldTop, up - oldUp, down - oldDown];
        if (a * a <= MOTION * MOTION && b * b <= MOTION * MOTION && d * d <= MOTION * MOTION) continue;
        moved++;
        before += Math.abs(2 * oldTop - oldUp - oldDown);
        within += Math.abs(2 * top - up - down);
        topNow += Math.abs(2 * top - oldUp - oldDown);
        bottomNow += Math.abs(2 * oldTop - up - down);
      }
    }
    if (moved === 0) return;
    const n = this.#numbers;
    n[at] = moved;
    n[at + COMB_OF.before] = before / moved;
    n[at + COMB_OF.within] = within / moved;
    n[at + COMB_OF.topNow] = topNow / moved;
    n[at + COMB_OF.bottomNow] = bottomNow / moved;
  }
}
