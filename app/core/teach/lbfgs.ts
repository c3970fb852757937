/** Limited-memory BFGS for smooth convex functions (Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 7.4 and 7.5). */
import { setImmediate as breathe } from 'node:timers/promises';

const MEMORY = 8;
const ITERATIONS = 200;
/** Largest share of the gradient's length that may be left. */
const TOLERANCE = 1e-5;

/** The value at `x`; the gradient goes into `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

interface Step {
  readonly moved: Float64Array;
  readonly turned: Float64Array;
  readonly rho: number;
}

/** Where the function is least, from `start` on. Lets others run between iterations. */
export async function minimise(objective: Objective, start: Float64Array, signal?: AbortSignal): Promise<Float64Array> {
  let x = Float64Array.from(start);
  let gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  const first = Math.max(length(gradient), 1e-12);
  const steps: Step[] = [];
  let clock = performance.now();
  for (let iteration = 0; iteration < ITERATIONS && length(gradient) > TOLERANCE * first; iteration++) {
    if (performance.now() - clock > 10) {
      await breathe();
      signal?.throwIfAborted();
      clock = performance.now();
    }
    const direction = descend(gradient, steps);
    const slope = dot(direction, gradient);
    const next = new Float64Array(x.length);
    const nextGradient = new Float64Array(x.length);
    let reached = Number.POSITIVE_INFINITY;
    let step = steps.length === 0 ? Math.min(1, 1 / first) : 1;
    for (let tries = 0; tries < 30; tries++, step /= 2) {
      for (let i = 0; i < x.length; i++) next[i] = x[i]! + step * direction[i]!;
      reached = objective(next, nextGradient);
      if (reached <= value + 1e-4 * step * slope) break;
    }
    // Nothing is gained any more: as near as the arithmetic gets.
    if (!(reached < value)) break;
    remember(steps, x, next, gradient, nextGradient);
    [x, gradient, value] = [next, nextGradient, reached];
  }
  return x;
}

function remember(steps: Step[], x: Float64Array, next: Float64Array, before: Float64Array, after: Float64Array): void {
  const moved = next.map((one, i) => one - x[i]!);
  const turned = after.map((one, i) => one - before[i]!);
  const along = dot(moved, turned);
  if (along <= 0) return;
  steps.push({ moved, turned, rho: 1 / along });
  if (steps.length > MEMORY) steps.shift();
}

function descend(gradient: Float64Array, steps: readonly Step[]): Float64Array {
  const q = gradient.map((one) => -one);
  const shares = steps.map(() => 0);
  for (let k = steps.length - 1; k >= 0; k--) {
    const { moved, turned, rho } = steps[k]!;
    shares[k] = rho * dot(moved, q);
    for (let i = 0; i < q.length; i++) q[i]! -= shares[k]! * turned[i]!;
  }
  const last = steps.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.turned, last.turned));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  steps.forEach(({ moved, turned, rho }, k) => {
    const share = shares[k]! - rho * dot(turned, q);
    for (let i = 0; i < q.length; i++) q[i]! += share * moved[i]!;
  });
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function length(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
