/** [Note: trust] of app/core/engines/fomm/fields.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { betweenFields } from '../../../../app/core/engines/fomm/fields.ts';
import type { Generated } from '../../../../app/core/engines/fomm/network.ts';
import type { Picture } from '../../../../app/core/engines/guide/fields.ts';

const SIDE = 32;
const COUNT = SIDE * SIDE;

/** A pattern of stripes and slopes, moved to the right by `dx` pixels. */
function pattern(dx: number): Picture {
  const data = Float32Array.from({ length: 3 * COUNT }, (_, i) => {
    const [x, y] = [(i % SIDE) - dx, Math.floor((i % COUNT) / SIDE)];
    return 0.5 + 0.3 * Math.sin(0.5 * x + 0.2 * y + Math.floor(i / COUNT));
  });
  return { width: SIDE, height: SIDE, data };
}

/** A generator's answer that reads every place `dx` pixels to the right and believes all of the still. */
function reading(dx: number): Generated {
  const deformation = Float32Array.from({ length: 2 * COUNT }, (_, i) => {
    const [x, y] = [((i >> 1) % SIDE) + dx, Math.floor((i >> 1) / SIDE)];
    return (2 * (i % 2 === 0 ? x : y)) / (SIDE - 1) - 1;
  });
  return {
    deformation: { dims: [1, SIDE, SIDE, 2], data: deformation },
    occlusion: { dims: [1, 1, SIDE, SIDE], data: new Float32Array(COUNT).fill(0.2) },
    prediction: { dims: [1, 3, SIDE, SIDE], data: new Float32Array(3 * COUNT) },
  } as unknown as Generated;
}

/** Motion and the share of what is painted, in the middle of the picture. */
function middle(stills: readonly [Picture, Picture] | undefined): { dx: number; painted: number } {
  const fields = betweenFields(reading(-3), reading(3), 0.5, { width: SIDE, height: SIDE }, { doubted: stills });
  const at = (SIDE / 2) * SIDE + SIDE / 2;
  return { dx: fields.toLast[at]!, painted: fields.weights[2 * COUNT + at]! };
}

test('motion that brings the stills onto each other is kept', () => {
  const { dx, painted } = middle([pattern(0), pattern(6)]);
  assert.ok(dx > 2.9, `moves by ${dx} of 3`);
  assert.ok(painted > 0.7, 'and what neither shows is painted');
});

test('motion that brings them no nearer is taken back, and both are believed as they are', () => {
  const { dx, painted } = middle([pattern(0), pattern(-1)]);
  assert.ok(dx < 0.3, `moves by ${dx} of 3`);
  assert.ok(painted < 0.1);
});

test('without stills to compare nothing is doubted', () => {
  assert.equal(Math.round(middle(undefined).dx * 1000), 3000);
});
