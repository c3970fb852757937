/** Addresses inside the kernels' memory: a bump allocator and the padded fields of a pyramid level. */
import { PAD } from './module.ts';

/** Hands out addresses from `base` upward; nothing is ever freed, the whole layout is made at once. */
export class Arena {
  #next: number;
  constructor(base: number) {
    this.#next = base;
  }
  /** Address of `bytes` new bytes, a multiple of 64. */
  take(bytes: number): number {
    const at = Math.ceil(this.#next / 64) * 64;
    this.#next = at + Math.ceil(bytes);
    return at;
  }
  /** Bytes of memory the layout needs. */
  get end(): number {
    return this.#next;
  }
}

/** Geometry shared by all fields of a level: width, height, and floats from row to row. */
export interface Grid {
  readonly w: number;
  readonly h: number;
  readonly stride: number;
}

export function gridOf(w: number, h: number): Grid {
  return { w, h, stride: (w + 2 * PAD + 3) & ~3 };
}

/** Address of pixel (0, 0) of a new field of floats with its border. */
export function takeField(arena: Arena, grid: Grid): number {
  const base = arena.take((grid.h + 2 * PAD) * grid.stride * 4 + 64);
  return base + (PAD * grid.stride + PAD) * 4;
}
