/** What `npm run build` makes of the Node side does what the sources do: threads, children, models and WebAssembly are found from there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { buildNode } from '../../scripts/build.ts';
import { ffmpegOutput, frameHashes, makeClip } from '../support/clips.ts';
import { root, tempFolder } from '../support/command.ts';

const run = promisify(execFile);

async function inbetween(from: 'app' | 'build/app', home: string, ...args: string[]): Promise<void> {
  await run(process.execPath, [join(root, from, 'cli/inbetween.js'), ...args], {
    env: { ...process.env, INBETWEEN_HOME: join(home, from === 'app' ? 'a' : 'b') },
  });
}

test('the built command makes the same picture and the same film as the sources', async (t) => {
  buildNode();
  const folder = tempFolder(t);
  const at = (name: string): string => join(folder, name);
  ffmpegOutput('-f', 'lavfi', '-i', 'testsrc2=size=128x96:rate=24', '-frames:v', '2', `file:${at('%d.png')}`);
  makeClip(at('clip.mp4'), { size: '128x96', seconds: 0.5, sound: false });
  for (const from of ['app', 'build/app'] as const) {
    const name = from.replace('/', '-');
    for (const engine of ['glide', 'sepconv']) {
      await inbetween(
        from,
        folder,
        'frame',
        at('1.png'),
        at('2.png'),
        '-o',
        at(`${name}-${engine}.png`),
        '--engine',
        engine,
      );
    }
    await inbetween(from, folder, 'slowmo', at('clip.mp4'), '-o', at(`${name}.mp4`));
  }
  for (const engine of ['glide', 'sepconv']) {
    assert.deepEqual(readFileSync(at(`build-app-${engine}.png`)), readFileSync(at(`app-${engine}.png`)));
  }
  assert.deepEqual(frameHashes(at('build-app.mp4')), frameHashes(at('app.mp4')));
});

test('the catalogue is built too, and what only developers run is not', async (t) => {
  buildNode();
  const { stdout } = await run(
    process.execPath,
    [join(root, 'build/app/cli/inbetween.js'), 'models', '--all', '--json'],
    {
      env: { ...process.env, INBETWEEN_HOME: tempFolder(t) },
    },
  ).catch((error: { stdout: string; stderr: string }) => assert.fail(error.stderr));
  assert.match(stdout, /sepconv/);
  assert.ok(!existsSync(join(root, 'build/app/core/kernels/build.js')));
});
