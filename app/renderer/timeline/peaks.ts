/** Waveforms: least and greatest sample of stretches of time, in coarser and coarser levels, so that drawing a column costs the same at every zoom. */

/** Pairs a second of the finest level: [Note: media paths] in core/studio/media.ts. */
const PAIRS_A_SECOND = 100;
/** Pairs of a level that make one of the next. */
const STEP = 8;

export interface Peaks {
  /** Int8 min, max pairs; each level has an eighth of the one before. */
  readonly levels: readonly Int8Array[];
}

export function peaksOf(pairs: Int8Array): Peaks {
  const levels = [pairs];
  while (levels.at(-1)!.length > 2 * STEP * 4) levels.push(coarser(levels.at(-1)!));
  return { levels };
}

function coarser(pairs: Int8Array): Int8Array {
  const count = Math.ceil(pairs.length / 2 / STEP);
  const out = new Int8Array(count * 2);
  for (let i = 0; i < count; i++) {
    let [low, high] = [127, -128];
    const end = Math.min(pairs.length, (i + 1) * STEP * 2);
    for (let j = i * STEP * 2; j < end; j += 2) {
      low = Math.min(low, pairs[j]!);
      high = Math.max(high, pairs[j + 1]!);
    }
    out[2 * i] = low;
    out[2 * i + 1] = high;
  }
  return out;
}

/** Least and greatest sample, -1 to 1, between two times in seconds, in any order; nothing outside the sound. */
export function peakBetween({ levels }: Peaks, a: number, b: number): [number, number] {
  const [from, to] = a < b ? [a, b] : [b, a];
  let level = 0;
  let rate = PAIRS_A_SECOND;
  while (level + 1 < levels.length && (to - from) * rate > STEP) {
    level++;
    rate /= STEP;
  }
  const pairs = levels[level]!;
  const first = Math.max(0, Math.floor(from * rate));
  const last = Math.min(pairs.length / 2 - 1, Math.max(first, Math.ceil(to * rate) - 1));
  let [low, high] = [0, 0];
  for (let i = first; i <= last; i++) {
    low = Math.min(low, pairs[2 * i]!);
    high = Math.max(high, pairs[2 * i + 1]!);
  }
  return [low / 128, high / 128];
}

export async function loadPeaks(url: string): Promise<Peaks | null> {
  const answer = await fetch(url);
  return answer.ok ? peaksOf(new Int8Array(await answer.arrayBuffer())) : null;
}
