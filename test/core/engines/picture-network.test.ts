import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overPictures, type PictureNetwork } from '../../../app/core/engines/picture-network.ts';
import { collect, FORMATS, maxDifference, noise, paint } from './frames.ts';

const SIZE = { width: 10, height: 6, threads: 1 };

/** A network that fades, keeps what it was given, and puts `spoilt` into its first sample. */
class Fade implements PictureNetwork {
  readonly device = 'test';
  readonly given: [Float32Array, Float32Array][] = [];
  readonly #spoilt: number | undefined;
  readonly #confidence: number;
  closed = false;

  constructor(spoilt?: number, confidence = 0.5) {
    this.#spoilt = spoilt;
    this.#confidence = confidence;
  }

  async between(a: Float32Array, b: Float32Array, t: number) {
    this.given.push([a, b]);
    const picture = a.map((value, i) => value + t * (b[i]! - value));
    if (this.#spoilt !== undefined) picture[0] = this.#spoilt;
    return { picture, confidence: this.#confidence };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}

const frames = (format = FORMATS.gbrap16) =>
  [1, 2, 3].map((seed) => paint(format, SIZE.width, SIZE.height, seed * 100, noise(seed)));

test('a frame is converted once, alpha is faded, times lie between', async () => {
  const network = new Fade();
  const [a, b, c] = frames() as [ReturnType<typeof paint>, ReturnType<typeof paint>, ReturnType<typeof paint>];
  const engine = overPictures(SIZE, network);
  const [made] = await collect(engine.between(a, b, [0.25]));
  await collect(engine.between(b, c, [0.5]));
  assert.equal(network.given[0]![1], network.given[1]![0], 'the very array of the pair before');
  a.planes.forEach(({ data }, n) => {
    const other = b.planes[n]!.data;
    made!.frame.planes[n]!.data.forEach((value, i) =>
      assert.ok(Math.abs(value - (data[i]! + (other[i]! - data[i]!) / 4)) <= 1),
    );
  });
  assert.equal(made!.frame.time, 125);
  assert.deepEqual(await collect(engine.between(a, b, [])), []);
  await engine[Symbol.asyncDispose]();
  assert.ok(network.closed);
});

test('a pair of another size or format is refused', async () => {
  const engine = overPictures(SIZE, new Fade());
  const [a] = frames();
  const other = paint(FORMATS.gbrap16, 12, 6, 0, noise(1));
  await assert.rejects(collect(engine.between(other, other, [0.5])), {
    code: 'size-mismatch',
    message: /10x6, not 12x6/,
  });
  await assert.rejects(collect(engine.between(a!, frames(FORMATS.yuv420p)[1]!, [0.5])), { code: 'size-mismatch' });
});

test('what is no number is refused; what is merely out of range is clipped', async () => {
  const [a, b] = frames();
  for (const network of [new Fade(Number.NaN), new Fade(-Infinity), new Fade(undefined, Number.NaN)])
    await assert.rejects(collect(overPictures(SIZE, network).between(a!, b!, [0.5])), {
      code: 'engine-failed',
      message: /no number/,
    });
  const [made] = await collect(overPictures(SIZE, new Fade(7, 7)).between(a!, b!, [0.5]));
  assert.equal(made!.confidence, 1);
  const [fine] = await collect(overPictures(SIZE, new Fade()).between(a!, b!, [0.5]));
  assert.ok(maxDifference(made!.frame, fine!.frame) > 0);
});
