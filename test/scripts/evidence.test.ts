import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/command.ts';
import { placeless } from '../support/evidence.ts';

test('evidence holds no path of the machine it was measured on', () => {
  const own = join(tmpdir(), 'inbetween-fault-n3Ulfp');
  assert.equal(
    placeless(`output-exists: ${join(own, 'out/film.mp4')} exists already.`),
    'output-exists: /out/film.mp4 exists already.',
  );
  assert.equal(placeless(`${join(root, 'app')}, ${join(homedir(), 'clip.mp4')}`), './app, ~/clip.mp4');
  const folder = join(root, 'docs', 'evidence');
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.json'))) {
    const text = readFileSync(join(folder, name), 'utf8');
    assert.doesNotMatch(text, /inbetween-[a-z]+-\w{6}[/\\]/, name);
    for (const place of [tmpdir(), root]) assert.ok(!text.includes(`${place}/`), `${name} names ${place}`);
  }
});
