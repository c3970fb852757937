/** The 52 awkward files: each is retimed correctly or refused with the right code; none hangs, crashes or leaves a broken file. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RetimeResult } from '../app/contract/jobs.ts';
import { capabilities } from '../app/core/media/capabilities.ts';
import { frameHashes } from './support/clips.ts';
import { inbetween, shared, tempFolder } from './support/command.ts';

/** What is refused on every machine, and by which code. */
const REFUSED: Record<string, string> = {
  'mediabunny__multiple-aac-tracks.mp4': 'no-video',
  'media__sample_fragmented_uuid.mp4': 'no-frames',
};
/** What is refused where ffmpeg lacks the decoder. */
const NEEDS_DECODER: Record<string, string> = {
  'media__sample_vvc.mp4': 'vvc',
  'torchcodec__av1_video.mkv': 'av1',
  'media__sample_with_colr_mdcv_and_clli.mp4': 'av1',
  'testdata__video-3s.avi': 'indeo4',
};

const folder = shared && join(shared, 'clips', 'odd');

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
  'every odd file is retimed or refused',
  { skip: folder ? false : 'INBETWEEN_SHARED is not set: the odd files are not here' },
  async (t) => {
    const out = tempFolder(t);
    const names = readdirSync(folder!).filter((name) => name !== 'index.json');
    assert.equal(names.length, JSON.parse(readFileSync(join(folder!, 'index.json'), 'utf8')).length);
    const queue = [...names];
    const failures: string[] = [];
    const lane = async () => {
      for (let name = queue.shift(); name; name = queue.shift()) {
        try {
          await check(name, await retime(join(out, 'home'), join(folder!, name), join(out, `${name}.mp4`)));
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
