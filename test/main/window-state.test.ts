import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { StateFile } from '../../app/main/state-file.ts';
import { placeWindow, readState } from '../../app/main/window-state.ts';

const primary = { x: 0, y: 0, width: 1920, height: 1080 };
const second = { x: 1920, y: 200, width: 1280, height: 800 };

test('a window opens where it was, while that display is there', () => {
  const kept = { x: 2000, y: 260, width: 1000, height: 700 };
  assert.deepEqual(placeWindow(kept, [primary, second]), kept);
  const moved = placeWindow(kept, [primary]);
  assert.deepEqual(moved, { x: 240, y: 90, width: 1440, height: 900 });
});

test('a window larger than its display, or beyond its edge, comes back within reach', () => {
  assert.deepEqual(placeWindow({ x: 2000, y: 300, width: 3000, height: 2000 }, [primary, second]), {
    x: 2000,
    y: 300,
    width: 1280,
    height: 800,
  });
  // Its title bar above the top of every display.
  assert.equal(placeWindow({ x: 100, y: -500, width: 1000, height: 700 }, [primary]).y, 90);
  const barely = placeWindow({ x: 1850, y: 10, width: 1000, height: 700 }, [primary]);
  assert.ok(barely.x + 100 <= 1920, 'enough of it is seen to be moved');
});

test('the first start, on a small display', () => {
  assert.deepEqual(placeWindow(undefined, [{ x: 0, y: 25, width: 1024, height: 700 }]), {
    x: 0,
    y: 25,
    width: 1024,
    height: 700,
  });
});

test('what is remembered is written whole, and a file that is none is no obstacle', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'inbetween-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'window', 'state.json');
  const state = new StateFile(path);
  state.change({ bounds: { x: 1, y: 2, width: 900, height: 600 }, maximised: true });
  state.flush();
  assert.deepEqual(readState(path), {
    bounds: { x: 1, y: 2, width: 900, height: 600 },
    maximised: true,
    fullscreen: false,
    continueJobs: false,
  });
  // A promise is written at once.
  state.change({ continueJobs: true });
  assert.match(readFileSync(path, 'utf8'), /"continueJobs":true/);
  for (const text of ['', '{', '[]', '{"bounds":{"x":1e9,"y":0,"width":1,"height":1}}']) {
    writeFileSync(path, text);
    assert.deepEqual(readState(path), { maximised: false, fullscreen: false, continueJobs: false });
  }
});
