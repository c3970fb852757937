import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enlarge } from '../../../../app/core/engines/guide/enlarge.ts';
import { SmallFlow } from '../../../../app/core/engines/guide/flow.ts';
import { fieldsOf } from '../../../../app/core/engines/guide/match.ts';
import { reduce } from '../../../../app/core/engines/guide/reduce.ts';
import { renderGuided } from '../../../../app/core/engines/guide/render.ts';
import { picture, psnrOf, texture } from './pictures.ts';

test('flow of a small pair: what moved by 4 and -2 pixels is found there, and back', () => {
  const flow = new SmallFlow(64, 48);
  const { there, back } = flow.between(texture(64, 48), texture(64, 48, 4 / 64, -2 / 48));
  const inner = (data: Float32Array, plane: number) =>
    [12, 20, 30].flatMap((y) => [16, 30, 45].map((x) => data[(plane * 48 + y) * 64 + x]!));
  for (const dx of inner(there, 0)) assert.ok(Math.abs(dx - 4) < 0.3, String(dx));
  for (const dy of inner(there, 1)) assert.ok(Math.abs(dy + 2) < 0.3, String(dy));
  for (const dx of inner(back, 0)) assert.ok(Math.abs(dx + 4) < 0.3, String(dx));
});

test('a small picture guides the stills to a large one much nearer to the truth than itself enlarged', () => {
  const size = 256;
  const t = 0.4;
  // The fine waves, a pixel of the small picture each, are in none of the small ones.
  const at = (time: number) => texture(size, size, 0.1 * time, -0.06 * time, 250);
  const [first, last, truth] = [at(0), at(1), at(t)];
  const small = (whole: typeof first) => reduce(whole, 64, 64);
  const between = small(truth);
  const fields = fieldsOf({ first: small(first), last: small(last), between }, t);
  const guided = psnrOf(renderGuided(first, last, fields), truth.data, size, size, 16);
  const naive = psnrOf(enlarge(between, size, size), truth.data, size, size, 16);
  assert.ok(guided > naive + 4, `guided ${guided.toFixed(1)} dB, enlarged ${naive.toFixed(1)} dB`);
});

test('weights sum to 1; what is in neither still is painted, what is in one still is taken from it', () => {
  const grey = (x: number, y: number) => 0.4 + 0.2 * Math.sin(9 * x + 4 * y) * Math.cos(7 * y);
  const with_ = (patch: number | null) =>
    picture(64, 64, (x, y) => (patch !== null && Math.hypot(x - 0.5, y - 0.5) < 0.2 ? patch : grey(x, y)));
  const middle = 32 * 64 + 32;
  const weightsOf = (first: number | null, last: number | null) => {
    const { weights } = fieldsOf({ first: with_(first), last: with_(last), between: with_(1) }, 0.5);
    for (let i = 0; i < 4096; i++)
      assert.ok(Math.abs(weights[i]! + weights[4096 + i]! + weights[8192 + i]! - 1) < 1e-5);
    return [weights[middle]!, weights[4096 + middle]!, weights[8192 + middle]!];
  };
  assert.ok(weightsOf(null, null)[2]! > 0.9);
  assert.ok(weightsOf(1, null)[0]! > 0.9);
  assert.ok(weightsOf(null, 1)[1]! > 0.9);
});

test('small pictures of different sizes are refused', () => {
  const [a, b] = [texture(64, 64), texture(32, 64)];
  assert.throws(() => fieldsOf({ first: a, last: b, between: a }, 0.5), RangeError);
});
