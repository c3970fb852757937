/** Awkward files: each is retimed correctly or refused with the right code; none hangs, crashes or leaves a broken file. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RetimeResult } from '../app/contract/jobs.ts';
import { capabilities } from '../app/core/media/capabilities.ts';
import { frameHashes } from './support/clips.ts';
import { inbetween, tempFolder } from './support/command.ts';
import { ALL, FEWEST, NEEDS_DECODER, ODD, oddFolder, REFUSED } from './support/odd.ts';

interface Outcome {
  status: number | null;
  text: string;
  output: string;
}

async function retime(home: string, input: string, output: string): Promise<Outcome> {
  const { status, stdout, stderr } = await inbetween(home, [
    ...['slowmo', input, '-o', output, '--engine', 'blend', '--to', '5f', '--speed', '1/2', '--cuts', 'off'],
    ...['--audio', 'keep-pitch', '--json'],
  ]);
  return { status, text: status === 0 ? stdout : stdout + stderr, output };
}

async function check(name: string, { status, text, output }: Outcome): Promise<void> {
  const { decodes } = await capabilities();
  const codec = NEEDS_DECODER[name];
  const refusal = REFUSED[name] ?? (codec && !decodes.has(codec) ? 'codec-unsupported' : undefined);
  if (refusal !== undefined) {
    assert.equal(status, 3, `${name}: ${text}`);
    assert.equal(JSON.parse(text.split('\n').find((line) => line.includes('"error"'))!).error.code, refusal, name);
    assert.ok(!existsSync(output), `${name} left a file`);
    return;
  }
  assert.equal(status, 0, `${name}: ${text}`);
  const result = JSON.parse(text) as RetimeResult;
  assert.ok(result.verified, name);
  assert.equal(result.synthesised + result.passedThrough + result.held, result.frames, name);
  assert.ok(
    Math.abs(result.avDriftMs) <= 1000 / Math.min(60, result.frames / result.durationOut),
    `${name}: ${result.avDriftMs} ms`,
  );
  assert.equal(frameHashes(output).length, result.frames, `${name} decodes whole`);
}

test(
  `${ALL ? 'every odd file' : 'a choice of odd files'} is retimed or refused`,
  { skip: oddFolder ? false : 'INBETWEEN_SHARED is not set: the odd files are not here' },
  async (t) => {
    const out = tempFolder(t);
    const queue = ALL ? ODD.map(({ file }) => file) : [...FEWEST];
    const failures: string[] = [];
    const lane = async () => {
      for (let name = queue.shift(); name; name = queue.shift()) {
        try {
          await check(name, await retime(join(out, 'home'), join(oddFolder!, name), join(out, `${name}.mp4`)));
        } catch (error) {
          failures.push((error as Error).message);
        }
      }
    };
    await Promise.all([lane(), lane()]);
    assert.deepEqual(failures, []);
    assert.deepEqual(
      readdirSync(out).filter((name) => name.startsWith('.')),
      [],
      'nothing half-written is left',
    );
  },
);
