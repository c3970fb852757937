import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseName, plural, showBytes, showDuration, showEta, showRate } from '../../../app/renderer/shared/format.ts';

test('numbers as people read them', () => {
  assert.deepEqual([0, 999, 1500, 99_960, 20e9, 1.25e12].map(showBytes), [
    ...['0 bytes', '999 bytes', '1.5 kB', '100 kB', '20.0 GB', '1.3 TB'],
  ]);
  assert.deepEqual([0, 7.04, 9.96, 65, 3723, Number.NaN].map(showDuration), [
    ...['0:00.0', '0:07.0', '0:10', '1:05', '1:02:03', '?'],
  ]);
  assert.deepEqual([0.2, 89, 91, 7800].map(showEta), ['1 s', '89 s', '2 min', '2 h 10 min']);
  assert.deepEqual(
    [plural(1, 'clip'), plural(1200, 'clip'), plural(0, 'proxy', 'proxies')],
    [...['1 clip', '1,200 clips', '0 proxies']],
  );
  assert.deepEqual([showRate({ num: 24000, den: 1001 }), showRate({ num: 60, den: 1 })], ['23.976', '60']);
  assert.deepEqual(['/a/b/c.mp4', 'C:\\films\\x.mov', '/a/b/'].map(baseName), ['c.mp4', 'x.mov', 'b']);
});
