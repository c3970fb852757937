import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTaught, taughtText, type Taught } from '../../../app/core/teach/taught-file.ts';

const taught: Taught = {
  ...{ label: 'spin', engine: 'movinet-everyday', engineVersion: '1', positive: 3, negative: 12, accuracy: 0.875 },
  classifier: {
    ...{ method: 'mean', slope: 5.25, offset: -0.1, centre: Float32Array.of(0.1, -2, 3e-9) },
    rows: [Float32Array.of(1, 0, 0), Float32Array.of(0, 0.6, 0.8)],
  },
};

test('a taught label survives its file, every bit of its weights', () => {
  assert.deepEqual(parseTaught(taughtText(taught), 'spin.json'), taught);
  assert.deepEqual(parseTaught(taughtText({ ...taught, accuracy: null }), 'spin.json').accuracy, null);
});

test('what is none is refused with the reason', () => {
  const file = JSON.parse(taughtText(taught)) as Record<string, unknown>;
  const bad: [change: Record<string, unknown>, says: RegExp][] = [
    [{ format: 'other' }, /spin\.json is no taught label: 'format'/],
    [{ version: 2 }, /'version'/],
    [{ label: '' }, /'label'/],
    [{ embedding: 4 }, /'centre' is not 4 numbers/],
    [{ centre: 'AAAA' }, /'centre' is not 3 numbers/],
    [{ rows: [file.centre, 'AAAAAAAAAAA='] }, /'rows\.1' is not 3 numbers/],
    [{ centre: Buffer.from(Float32Array.of(1, NaN, 1).buffer).toString('base64') }, /'centre' holds what is no number/],
    [{ rows: [] }, /'rows'/],
    [{ method: 'guess' }, /'method'/],
    [{ accuracy: 3 }, /'accuracy'/],
  ];
  for (const [change, says] of bad)
    assert.throws(() => parseTaught(JSON.stringify({ ...file, ...change }), 'spin.json'), {
      code: 'bad-taught',
      message: says,
    });
  assert.throws(() => parseTaught('{', 'x.json'), {
    code: 'bad-taught',
    message: 'x.json is no taught label: it is not JSON.',
  });
  assert.throws(() => parseTaught('[]', 'x.json'), { code: 'bad-taught' });
});
