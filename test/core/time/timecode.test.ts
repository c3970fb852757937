import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTimecode, parseTimecode } from '../../../app/core/time/timecode.ts';

const NTSC = { num: 30_000, den: 1001 };

test('timecode counts frames at the next whole rate', () => {
  const film = { num: 24_000, den: 1001 };
  assert.deepEqual(parseTimecode('01:00:00:12', film), { frames: 86_412, drop: false });
  assert.equal(formatTimecode({ frames: 86_412, drop: false }, film), '01:00:00:12');
  assert.equal(formatTimecode({ frames: 25 * 3600 * 24 + 1, drop: false }, { num: 25, den: 1 }), '00:00:00:01');
  for (const text of ['', '1:2:3', '01:00:00', 'aa:bb:cc:dd', '01:00:00:1']) {
    assert.equal(parseTimecode(text, film), undefined, text);
  }
});

test('drop-frame timecode leaves out two numbers a minute but every tenth, and only at rates that have it', () => {
  for (const [text, frames] of [
    ['00:00:59;29', 1799],
    ['00:01:00;02', 1800],
    ['00:09:59;29', 17_981],
    ['00:10:00;00', 17_982],
    ['01:00:00;00', 107_892],
  ] as const) {
    assert.deepEqual(parseTimecode(text, NTSC), { frames, drop: true });
    assert.equal(formatTimecode({ frames, drop: true }, NTSC), text);
  }
  assert.deepEqual(parseTimecode('00:01:00;00', { num: 25, den: 1 }), { frames: 1500, drop: false });
  for (let frames = 0; frames < 40_000; frames += 37) {
    const text = formatTimecode({ frames, drop: true }, { num: 60_000, den: 1001 });
    assert.equal(parseTimecode(text, { num: 60_000, den: 1001 })!.frames, frames);
  }
});
