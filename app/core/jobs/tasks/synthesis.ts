/** From planned frames to pictures: real frames pass through, the engine makes the ones between, the shutter averages. */
import type { Interpolator } from '../../engines/engine.ts';
import type { FrameReader } from '../../media/frame-reader.ts';
import { frameLike, type Frame } from '../../media/frame.ts';
import type { PlannedFrame } from '../../time/plan.ts';

type Part = Exclude<PlannedFrame, { kind: 'average' }>;

export interface PictureSource {
  readonly reader: FrameReader;
  readonly engine: Interpolator;
  /** Times of the source's frames in ticks. */
  readonly times: readonly number[];
  readonly signal: AbortSignal;
}

/** Yields one picture for each planned frame, in order. Frames between the same pair cost one analysis of it. */
export async function* pictures(planned: readonly PlannedFrame[], source: PictureSource): AsyncGenerator<Frame> {
  const parts = planned.map((frame): readonly Part[] => (frame.kind === 'average' ? frame.parts : [frame]));
  const stream = singles(parts.flat(), source);
  try {
    for (const group of parts) {
      const mean = new Mean(group.length);
      for (let i = 0; i < group.length; i++) mean.add((await stream.next()).value as Frame);
      yield mean.frame();
    }
  } finally {
    await stream.return();
  }
}

/** The parts one by one; runs between the same pair go to the engine together. */
async function* singles(parts: readonly Part[], { reader, engine, times, signal }: PictureSource) {
  let i = 0;
  while (i < parts.length) {
    signal.throwIfAborted();
    const part = parts[i]!;
    if (part.kind === 'source') {
      yield await reader.get(part.index);
      i++;
      continue;
    }
    const run: Extract<Part, { kind: 'between' }>[] = [];
    for (let next = parts[i]; next?.kind === 'between' && next.a === part.a && next.b === part.b; next = parts[++i]) {
      run.push(next);
    }
    const a = await reader.get(part.a);
    const b = await reader.get(part.b);
    const timesteps = run.map(({ num, den }) => num / den);
    let made = 0;
    for await (const { frame } of engine.between(a, b, timesteps, { signal })) {
      yield { ...frame, time: times[part.a]! + run[made]!.num };
      made++;
    }
  }
}

/** The rounded mean of a known number of frames; of one frame, that frame itself. */
class Mean {
  readonly #total: number;
  #first: Frame | undefined;
  #sums: Uint32Array[] = [];

  constructor(total: number) {
    this.#total = total;
  }

  add(frame: Frame): void {
    this.#first ??= frame;
    if (this.#total === 1) return;
    if (this.#sums.length === 0) this.#sums = frame.planes.map((plane) => new Uint32Array(plane.data.length));
    frame.planes.forEach(({ data }, p) => {
      const sum = this.#sums[p]!;
      for (let i = 0; i < sum.length; i++) sum[i]! += data[i]!;
    });
  }

  frame(): Frame {
    if (this.#total === 1) return this.#first!;
    const mean = frameLike(this.#first!, this.#first!.time);
    const half = this.#total >> 1;
    mean.planes.forEach(({ data }, p) => {
      const sum = this.#sums[p]!;
      for (let i = 0; i < sum.length; i++) data[i] = (sum[i]! + half) / this.#total;
    });
    return mean;
  }
}
