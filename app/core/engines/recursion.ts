/**
 * Any timestep from a network that only knows the middle. [Note: recursion]
 *
 * The middle of the pair, the middle of each half, and so on: 2^n - 1 pictures after n rounds. Pictures already made for this pair are kept
 * while later ones may be made of them, so a run of timesteps in ascending order costs no more than the pictures it touches. A timestep that is
 * a whole 256th gets its own picture, eight rounds deep at most: a run of 32 or 64 frames has no two alike. Every other one gets the nearest sixteenth,
 * at most 1/32 of the interval off, since each further round costs a picture and makes them of pictures that were made themselves.
 */

/** The picture halfway between two, [3, height, width] each. */
export type Middle = (a: Float32Array, b: Float32Array, signal?: AbortSignal) => Promise<Float32Array>;

/** Rounds of halving unless told, and those spent on a timestep that halving does not reach. */
const ROUNDS = 8;
const NEAR_ROUNDS = 4;
/** A timestep this near to one that halving reaches, in the smallest parts, is that one. */
const EXACT = 1e-6;

export class Recursion {
  readonly #middle: Middle;
  /** The pair is cut into this many parts, a power of two. */
  readonly parts: number;
  #pair: readonly [Float32Array, Float32Array] | null = null;
  #made = new Map<number, Float32Array>();

  /** `depth`: 1 to 8 rounds. */
  constructor(middle: Middle, depth: number = ROUNDS) {
    this.#middle = middle;
    this.parts = 2 ** depth;
  }

  /** The picture at 0 < t < 1, or the nearest to it as the note says, never an end; and its own time. Forgets as `dropBefore` does. */
  async at(
    a: Float32Array,
    b: Float32Array,
    t: number,
    signal?: AbortSignal,
  ): Promise<{ picture: Float32Array; t: number }> {
    const part = this.#nearest(t);
    const picture = await this.part(a, b, part, signal);
    this.dropBefore(part);
    return { picture, t: part / this.parts };
  }

  #nearest(t: number): number {
    const exact = Math.round(t * this.parts);
    if (exact > 0 && exact < this.parts && Math.abs(t * this.parts - exact) < EXACT) return exact;
    const coarse = Math.min(this.parts, 2 ** NEAR_ROUNDS);
    return Math.min(coarse - 1, Math.max(1, Math.round(t * coarse))) * (this.parts / coarse);
  }

  /** The picture `part` / `parts` of the way, 0 to `parts`; the ends are a and b themselves. Arrays given out are shared: read only. */
  async part(a: Float32Array, b: Float32Array, part: number, signal?: AbortSignal): Promise<Float32Array> {
    if (this.#pair?.[0] !== a || this.#pair[1] !== b) {
      this.#pair = [a, b];
      this.#made = new Map();
    }
    if (part === 0) return a;
    if (part === this.parts) return b;
    const made = this.#made.get(part);
    if (made) return made;
    // The lowest set bit says at which round this picture comes, and how far its two parents are.
    const reach = part & -part;
    const before = await this.part(a, b, part - reach, signal);
    const after = await this.part(a, b, part + reach, signal);
    signal?.throwIfAborted();
    const picture = await this.#middle(before, after, signal);
    this.#made.set(part, picture);
    return picture;
  }

  /**
   * Forgets the pictures before `part` that those behind it do not descend from: who asks in ascending order needs room for as many
   * pictures as there are rounds, not for all.
   */
  dropBefore(part: number): void {
    // What a later part descends from and lies before this one is this one with its low bits cut off.
    const needed = new Set<number>();
    for (let reach = 1; reach <= this.parts; reach *= 2) needed.add(part - (part % reach));
    for (const made of this.#made.keys()) if (made < part && !needed.has(made)) this.#made.delete(made);
  }

  /** Forgets the pair's pictures. */
  clear(): void {
    this.#pair = null;
    this.#made = new Map();
  }
}
