/** Probability curves of the lanes, for the part of the clip that is shown. */
import { SvelteMap } from 'svelte/reactivity';
import { client } from '../state/connection.svelte.ts';
import type { Lane } from './lanes.ts';

export interface Curve {
  readonly from: number;
  readonly to: number;
  readonly values: readonly number[];
}

/** Labels of one call, at most (core/studio/schemas.ts). */
const MOST_LABELS = 100;
const MOST_POINTS = 4000;
const SETTLE_MS = 60;

export class Curves {
  readonly #curves = new SvelteMap<string, Curve>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #generation = 0;
  #key = '';

  of(label: string): Curve | undefined {
    return this.#curves.get(label);
  }

  /** Asks for what is not there: at `points` places from second `from` to `to`. */
  want(lanes: readonly Lane[], from: number, to: number, points: number): void {
    const runs = new Map<string, { labels: string[]; key: string }>();
    for (const { label, run } of lanes) {
      if (!run || run.scores === 0) continue;
      const known = runs.get(run.id) ?? { labels: [], key: `${run.id} ${run.scores}` };
      known.labels.push(label);
      runs.set(run.id, known);
    }
    const key = JSON.stringify([from, to, points, ...[...runs.values()].flatMap((one) => [one.key, ...one.labels])]);
    if (key === this.#key || to <= from) return;
    this.#key = key;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => void this.#load(runs, from, to, Math.min(MOST_POINTS, Math.ceil(points))),
      SETTLE_MS,
    );
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#generation++;
  }

  async #load(
    runs: ReadonlyMap<string, { labels: string[] }>,
    from: number,
    to: number,
    points: number,
  ): Promise<void> {
    const generation = ++this.#generation;
    for (const [run, { labels }] of runs) {
      for (let first = 0; first < labels.length; first += MOST_LABELS) {
        const some = labels.slice(first, first + MOST_LABELS);
        // Without its curve a lane still has its spans.
        const answer = await client.call('tags.scores', { run, labels: some, from, to, points }).catch(() => undefined);
        if (generation !== this.#generation) return;
        for (const { label, values } of answer?.curves ?? []) this.#curves.set(label, { from, to, values });
      }
    }
  }
}

/** Draws the curve from pixel 0 of the canvas, which is pixel `left` of the track; `on` is the threshold of the rules. */
export function drawCurve(
  context: CanvasRenderingContext2D,
  { from, to, values }: Curve,
  place: { left: number; scale: number; width: number; height: number },
  look: { colour: string; line: string; on: number | null },
): void {
  const { left, scale, width, height } = place;
  const most = height - 2;
  const y = (value: number): number => height - 1 - Math.min(1, Math.max(0, value)) * most;
  const perSecond = values.length / (to - from);
  const first = Math.max(0, Math.floor(from * scale - left));
  const last = Math.min(width, Math.ceil(to * scale - left));
  if (last > first && values.length > 0) {
    const curve = new Path2D();
    for (let x = first; x <= last; x++) {
      const at = ((left + x) / scale - from) * perSecond;
      const value = values[Math.min(values.length - 1, Math.max(0, Math.floor(at)))]!;
      if (x === first) curve.moveTo(x, y(value));
      else curve.lineTo(x, y(value));
    }
    const area = new Path2D(curve);
    area.lineTo(last, height);
    area.lineTo(first, height);
    context.fillStyle = look.colour;
    context.globalAlpha = 0.18;
    context.fill(area);
    context.globalAlpha = 1;
    context.strokeStyle = look.colour;
    context.lineWidth = 1.25;
    context.stroke(curve);
  }
  if (look.on === null) return;
  context.strokeStyle = look.line;
  context.globalAlpha = 0.5;
  context.setLineDash([2, 4]);
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(0, Math.round(y(look.on)) + 0.5);
  context.lineTo(width, Math.round(y(look.on)) + 0.5);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}
