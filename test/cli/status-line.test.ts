import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusLine } from '../../app/cli/status-line.ts';

test('stages are told at once, what passes within them now and then, with and without a known whole', () => {
  for (const json of [false, true]) {
    const lines: string[] = [];
    // A terminal's line would go to the terminal.
    if (!json && process.stderr.isTTY) continue;
    const { tell, end } = statusLine({
      json,
      signal: new AbortController().signal,
      out: () => {},
      err: (line) => void lines.push(line),
    });
    for (let k = 0; k < 1000; k++) tell({ sentence: `Downloading, ${k} kB`, passing: true });
    for (let k = 0; k < 1000; k++) tell({ sentence: 'Copying', fraction: k / 1000 });
    tell({ sentence: 'Trying it' });
    tell({ sentence: 'Done' });
    end();
    assert.equal(lines.length, 3);
    if (json) assert.deepEqual(JSON.parse(lines[0]!), { type: 'progress', sentence: 'Downloading, 0 kB' });
  }
});
