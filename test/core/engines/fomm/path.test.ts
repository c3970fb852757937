import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyPoint } from '../../../../app/contract/morph.ts';
import { sampledPath, straightPath } from '../../../../app/core/engines/fomm/path.ts';
import {
  determinant,
  drivenBy,
  hullArea,
  inverse,
  spreadRatio,
  times,
} from '../../../../app/core/engines/fomm/points.ts';

const at = (x: number, y: number, jacobian: KeyPoint['jacobian'] = [1, 0, 0, 1]): KeyPoint => ({ x, y, jacobian });
const turn = (angle: number, size = 1): KeyPoint['jacobian'] => {
  const [c, s] = [size * Math.cos(angle), size * Math.sin(angle)];
  return [c, -s, s, c];
};
const near = (a: number, b: number, what = ''): void => assert.ok(Math.abs(a - b) < 1e-9, `${what} ${a}, not ${b}`);

test('between two keyframes a point goes straight and evenly', () => {
  const path = straightPath({ first: [at(-0.5, 0.2)], last: [at(0.5, 0.6, [2, 0, 0, 1])] });
  for (const t of [0, 0.1, 0.25, 0.5, 0.9, 1]) {
    const [point] = path(t);
    near(point!.x, -0.5 + t);
    near(point!.y, 0.2 + 0.4 * t);
    near(point!.jacobian[0], 1 + t);
  }
});

test('a middle keyframe is passed without a corner', () => {
  const keys = [at(-0.8, 0), at(-0.2, 0.5), at(0.6, -0.1), at(0.7, 0.8)].map((point) => [point]);
  const before = straightPath({ before: keys[0], first: keys[1]!, last: keys[2]!, after: keys[3] });
  const after = straightPath({ before: keys[1], first: keys[2]!, last: keys[3]! });
  const step = 1e-5;
  const into = (before(1)[0]!.x - before(1 - step)[0]!.x) / step;
  const out = (after(step)[0]!.x - after(0)[0]!.x) / step;
  assert.ok(Math.abs(into - out) < 1e-3, `${into} and ${out}`);
  near(before(1)[0]!.x, 0.6);
  near(after(0)[0]!.x, 0.6);
  near((0.7 - -0.2) / 2, Math.round(1e4 * into) / 1e4, 'towards the one after from the one before');
  // The open end is natural: no bend.
  const bend = (after(1)[0]!.x - 2 * after(1 - 1e-3)[0]!.x + after(1 - 2e-3)[0]!.x) / 1e-6;
  assert.ok(Math.abs(bend) < 0.05, `bends by ${bend}`);
});

test('jacobians stay invertible: half a turn is turned, not squeezed through nothing', () => {
  const path = straightPath({ first: [at(0, 0, turn(0.2))], last: [at(0, 0, turn(0.2 + 3.1, 2))] });
  for (let t = 0; t <= 1; t += 1 / 32) {
    const size = determinant(path(t)[0]!.jacobian);
    near(size, (1 + t) ** 2, `at ${t}`);
  }
  path(0)[0]!.jacobian.forEach((value, i) => near(value, turn(0.2)[i]!));
  path(1)[0]!.jacobian.forEach((value, i) => near(value, turn(3.3, 2)[i]!));
  // Nearby ones go straight, as the network was trained.
  const small = straightPath({ first: [at(0, 0, turn(0))], last: [at(0, 0, turn(0.4))] });
  near(small(0.5)[0]!.jacobian[0], (1 + Math.cos(0.4)) / 2);
  // No way from a matrix to a mirrored one: still numbers.
  const mirrored = straightPath({ first: [at(0, 0)], last: [at(0, 0, [-1, 0, 0, 1])] });
  assert.ok(inverse(mirrored(0.5)[0]!.jacobian).every((value) => Number.isFinite(value)));
});

test('steps are met and passed smoothly; times between them are no repeats', () => {
  const steps = Array.from({ length: 16 }, (_, i) => [at(Math.sin(i / 3), (i / 15) ** 2)]);
  const path = sampledPath(steps);
  steps.forEach(([point], i) => near(path(i / 15)[0]!.x, point!.x));
  const ys = Array.from({ length: 101 }, (_, i) => path(i / 100)[0]!.y);
  ys.forEach((y, i) => assert.ok(i === 0 || y > ys[i - 1]!, `${i}`));
  const speeds = ys.slice(1).map((y, i) => y - ys[i]!);
  speeds.forEach((speed, i) => assert.ok(i === 0 || Math.abs(speed - speeds[i - 1]!) < 1e-3));
});

test('the area of a hull, and how much wider one set of points is than another', () => {
  const square = [at(0, 0), at(1, 0), at(1, 1), at(0, 1), at(0.5, 0.5), at(0.5, 0)];
  near(hullArea(square), 1);
  near(hullArea([at(0, 0), at(1, 1), at(2, 2)]), 0);
  near(
    spreadRatio(
      square.map(({ x, y }) => at(3 * x, 3 * y)),
      square,
    ),
    3,
  );
  assert.equal(spreadRatio(square, [at(0, 0), at(1, 1)]), 1);
});

test('a driving picture moves points by how it moved, or to where it is', () => {
  const source = [at(0.1, 0.2, [1, 0.5, 0, 1])];
  const [initial, driving] = [[at(0.5, 0.5, turn(0.3))], [at(0.6, 0.3, turn(0.7))]];
  const [moved] = drivenBy(source, driving, { initial, relative: true, scale: 2 });
  near(moved!.x, 0.1 + 2 * 0.1);
  near(moved!.y, 0.2 - 2 * 0.2);
  times(turn(0.4), [1, 0.5, 0, 1]).forEach((value, i) => near(moved!.jacobian[i]!, value));
  assert.deepEqual(drivenBy(source, driving, { initial, relative: false }), driving);
  assert.throws(() => drivenBy(source, [], { initial, relative: true }), RangeError);
});
