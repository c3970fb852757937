/** Dense flow between two small pictures, by the kernels and settings of glide, in the calling thread. */
import { compileKernels, createMemory, RESERVED, STACK } from '../../kernels/module.ts';
import { resetControl, soloTeam, stackTop, type Team } from '../../kernels/team.ts';
import { pixelFormat } from '../../media/pixel-format.ts';
import { analyse, prepare } from '../glide/analyse.ts';
import { createLayout, type Layout } from '../glide/layout.ts';
import { STANDARD } from '../glide/settings.ts';
import type { Picture } from './fields.ts';

let compiled: WebAssembly.Module | undefined;

/** Holds the kernels' memory for pictures of one size (about 400 bytes a pixel), each side at least 8 pixels. */
export class SmallFlow {
  readonly width: number;
  readonly height: number;
  readonly #team: Team;
  readonly #layout: Layout;

  constructor(width: number, height: number) {
    const settings = { ...STANDARD, flowPixels: width * height };
    this.#layout = createLayout(RESERVED + STACK, pixelFormat('gray'), width, height, 1, settings);
    const memory = createMemory(this.#layout.end);
    compiled ??= compileKernels();
    resetControl(memory);
    this.#team = soloTeam(compiled, memory, stackTop(RESERVED, 0));
    [this.width, this.height] = [width, height];
  }

  /**
   * Both flows of a pair, [2, height, width] each, dx then dy in pixels: what is at (x, y) of `a` is at (x + dx, y + dy) of `b`, and the other way round.
   * Found on luma.
   */
  between(a: Picture, b: Picture): { readonly there: Float32Array; readonly back: Float32Array } {
    const [layout, settings] = [this.#layout, { ...STANDARD, flowPixels: this.width * this.height }];
    [a, b].forEach((picture, n) => {
      const slot = n === 0 ? 0 : 1;
      this.#load(picture, slot);
      // The finest level is there already; this makes its border and the coarser ones.
      prepare(this.#team, { layout, slot, mix: [] });
    });
    analyse(this.#team, { layout, settings, first: 0 });
    return { there: this.#flow(0), back: this.#flow(1) };
  }

  #load({ data }: Picture, slot: 0 | 1): void {
    const { w, h, stride } = this.#layout.grids[0]!;
    const start = this.#layout.pictures[slot]![0]! / 4;
    const memory = new Float32Array(this.#team.memory.buffer);
    const count = w * h;
    for (let y = 0, i = 0; y < h; y++)
      for (let x = 0; x < w; x++, i++)
        memory[start + y * stride + x] =
          255 * (0.299 * data[i]! + 0.587 * data[count + i]! + 0.114 * data[2 * count + i]!);
  }

  #flow(direction: 0 | 1): Float32Array {
    const { w, h, stride } = this.#layout.grids[0]!;
    const { u, v } = this.#layout.flows[direction]!;
    const memory = new Float32Array(this.#team.memory.buffer);
    const out = new Float32Array(2 * w * h);
    [u[0]!, v[0]!].forEach((address, plane) => {
      for (let y = 0; y < h; y++) {
        const at = address / 4 + y * stride;
        out.set(memory.subarray(at, at + w), (plane * h + y) * w);
      }
    });
    return out;
  }
}
