/** From planned frames to pictures: real frames pass through, the engine makes the ones between, the shutter averages. */
import type { Between, Interpolator } from '../../engines/engine.ts';
import type { FrameReader } from '../../media/frame-reader.ts';
import type { RealParts } from '../../media/mask/real-parts.ts';
import { layReal } from '../../media/mask/weights.ts';
import { frameLike, type Frame } from '../../media/frame.ts';
import type { PlannedFrame } from '../../time/plan.ts';
import type { WantedFrame } from './wanted-frame.ts';

type Part = Exclude<PlannedFrame, { kind: 'average' }>;

export interface PictureSource {
  readonly reader: FrameReader;
  /** The engine of that id, or where none is named the clip's own. */
  readonly engine: (id: string | undefined) => Promise<Interpolator>;
  /** Times of the source's frames in ticks. */
  readonly times: readonly number[];
  /** What of a synthesised frame is taken from the real ones; nothing unless given. */
  readonly parts?: RealParts | undefined;
  readonly signal: AbortSignal;
}

/** A finished picture. `confidence` is that of its least certain part, null where all are real. */
export interface Picture {
  readonly frame: Frame;
  readonly confidence: number | null;
}

/** Yields one picture for each wanted frame, in order. Frames between the same pair by the same engine cost one analysis of it. */
export async function* pictures(wanted: readonly WantedFrame[], source: PictureSource): AsyncGenerator<Picture> {
  const groups = wanted.map(({ plan, engine }) =>
    (plan.kind === 'average' ? plan.parts : [plan]).map((part): WantedPart => ({ part, engine })),
  );
  const stream = singles(groups.flat(), source);
  try {
    for (const group of groups) {
      const mean = new Mean(group.length);
      let confidence: number | null = null;
      for (let i = 0; i < group.length; i++) {
        const picture = (await stream.next()).value as Picture;
        mean.add(picture.frame);
        if (picture.confidence !== null) confidence = Math.min(confidence ?? 1, picture.confidence);
      }
      yield { frame: mean.frame(), confidence };
    }
  } finally {
    await stream.return();
  }
}

interface WantedPart {
  readonly part: Part;
  readonly engine: string | undefined;
}

/** The parts one by one; runs between the same pair go to the engine together. */
async function* singles(parts: readonly WantedPart[], { reader, engine, times, parts: real, signal }: PictureSource) {
  let i = 0;
  while (i < parts.length) {
    signal.throwIfAborted();
    const { part, engine: maker } = parts[i]!;
    if (part.kind === 'source') {
      yield { frame: await reader.get(part.index), confidence: null } satisfies Picture;
      i++;
      continue;
    }
    const run: Extract<Part, { kind: 'between' }>[] = [];
    for (let next = parts[i]; next !== undefined && next.engine === maker; next = parts[++i]) {
      if (next.part.kind !== 'between' || next.part.a !== part.a || next.part.b !== part.b) break;
      run.push(next.part);
    }
    const a = await reader.get(part.a);
    const b = await reader.get(part.b);
    const timesteps = run.map(({ num, den }) => num / den);
    const layers = (await real?.layers(part.a, part.b)) ?? [];
    const opened = await engine(maker);
    let made = 0;
    const frames: AsyncIterable<Between> = opened.between(a, b, timesteps, { signal });
    for await (const { frame, confidence } of frames) {
      const laid = layReal(frame, a, b, timesteps[made]!, layers);
      yield { frame: { ...laid, time: times[part.a]! + run[made]!.num }, confidence } satisfies Picture;
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
