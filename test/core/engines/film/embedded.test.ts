import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openFilmNetwork } from '../../../../app/core/engines/film/run.ts';
import { readFilm } from '../../../../app/core/engines/film/weights.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';

const file = (name: string): string => fileURLToPath(new URL(`../../../../models/film/${name}`, import.meta.url));

interface Golden {
  readonly width: number;
  readonly height: number;
  readonly tolerance: number;
  readonly output: readonly number[];
}

/** The picture that golden.json's formula describes, moved on by `k` steps. */
function frame(k: number, { width, height }: Golden): Float32Array {
  return Float32Array.from({ length: 3 * width * height }, (_, i) => {
    const c = Math.floor(i / (width * height));
    const u = (i % width) - 3 * k;
    const v = (Math.floor(i / width) % height) - 2 * k;
    return 0.5 + 0.2 * Math.sin(0.31 * u + 0.17 * v + c) + 0.15 * Math.cos(0.23 * v - 0.41 * u + 2 * c);
  });
}

test('the embedded network gives what PyTorch gave when it was published', async () => {
  const golden = JSON.parse(readFileSync(file('golden.json'), 'utf8')) as Golden;
  const manifest = JSON.parse(readFileSync(file('manifest.json'), 'utf8')) as { parameters: number };
  await using checkpoint = await openCheckpoint(file('weights.safetensors'));
  const { config, weights } = await readFilm(checkpoint);
  const numbers = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  assert.equal(numbers, manifest.parameters);
  const { width, height, tolerance, output } = golden;
  await using network = await openFilmNetwork(config, weights, { width, height, threads: 1, device: 'cpu' });
  const [a, b, mid] = [0, 1, 0.5].map((k) => frame(k, golden)) as [Float32Array, Float32Array, Float32Array];
  const { picture } = await network.between(a, b, 0.5);
  const wrong = (to: ArrayLike<number>): number[] => [...picture].map((value, i) => Math.abs(value - to[i]!));
  assert.equal(picture.length, output.length);
  const most = Math.max(...wrong(output));
  assert.ok(most < tolerance, `off by ${most}`);
  // And it is a better picture than blending's: the formula at one half is the true middle.
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const blend = a.map((value, i) => (value + b[i]!) / 2);
  const apart = mean([...blend].map((value, i) => Math.abs(value - mid[i]!)));
  assert.ok(mean(wrong(mid)) < 0.75 * apart, `${mean(wrong(mid))} against blending's ${apart}`);
});
