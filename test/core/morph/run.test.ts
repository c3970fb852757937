import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import type { MorphGap, MorphSpec } from '../../../app/contract/morph.ts';
import { configJson } from '../../../app/core/engines/film/config.ts';
import type { Frame } from '../../../app/core/media/frame.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { writeStill } from '../../../app/core/media/stills.ts';
import { stageModel } from '../../../app/core/nn/store.ts';
import { runMorph } from '../../../app/core/morph/run.ts';
import { inbetween, tempFolder } from '../../support/command.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { fadingWeights, TINY, writeFilm } from '../engines/film/support.ts';
import { FORMATS, paint, texture } from '../engines/frames.ts';

const [WIDTH, HEIGHT] = [72, 50];

/** A texture moved by `shift` pixels, as a PNG. */
async function still(path: string, shift: number, width = WIDTH): Promise<Frame> {
  const frame = paint(FORMATS.gbrp, width, HEIGHT, 0, (x, y) => 0.2 + 0.6 * texture(x - shift, y));
  await writeStill({ ...frame, format: pixelFormat('gbrp') }, path);
  return frame;
}

/** A library with a small model of the film family in it. */
async function library(home: string): Promise<void> {
  const path = join(home, 'weights.safetensors');
  writeFilm(path, TINY, fadingWeights(TINY, 0.2));
  await using staged = await stageModel({ models: join(home, 'models'), embedded: join(home, 'nothing') });
  const file = await staged.add('weights.safetensors', path, { move: true });
  await staged.publish({
    ...{ id: 'tiny', family: 'film', name: 'A small one', licence: 'none', source: 'a test' },
    ...{ files: [file], config: { ...configJson(TINY) } },
  });
}

/** Luma of every frame where the first and the last differ most. */
function lumas(path: string): number[] {
  const raw = ffmpegOutput('-i', `file:${path}`, '-f', 'rawvideo', '-pix_fmt', 'gray', '-');
  const size = WIDTH * HEIGHT;
  assert.equal(raw.length % size, 0);
  const last = raw.length - size;
  let most = 0;
  const apart = (i: number): number => Math.abs(raw[i]! - raw[last + i]!);
  for (let i = 0; i < size; i++) if (apart(i) > apart(most)) most = i;
  return Array.from({ length: raw.length / size }, (_, n) => raw[n * size + most]!);
}

async function stills(t: TestContext): Promise<{ folder: string; a: string; b: string; output: string }> {
  const folder = tempFolder(t);
  const [a, b] = [join(folder, 'a.png'), join(folder, 'b.png')];
  await still(a, 0);
  await still(b, 3);
  return { folder, a, b, output: join(folder, 'out.webm') };
}

interface Of {
  readonly a: string;
  readonly b: string;
  readonly output: string;
}

function morph({ a, b, output }: Of, gap: Partial<MorphGap> = {}, more: Partial<MorphSpec> = {}): MorphSpec {
  const still = (path: string) => ({ path, at: null, points: null });
  return {
    ...{ kind: 'morph', title: '', keyframes: [still(a), still(b)], loop: false, fit: 'crop', device: 'cpu' },
    gaps: [{ frames: 7, engine: 'blend', motion: 'linear', ease: 'linear', seed: 0, ...gap }],
    ...{ output, fps: { num: 25, den: 1 }, force: false },
    ...more,
  };
}

function refused(code: string): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === code;
}

test('a film of both stills and 2^n - 1 frames between, VP9, in order', async (t) => {
  const { a, b, output } = await stills(t);
  const told: number[] = [];
  const notes: string[] = [];
  const result = await runMorph(morph({ a, b, output }), {
    onProgress: ({ done, total }) => told.push(done / total),
    onNote: (n) => notes.push(n),
  });
  assert.deepEqual(
    { ...result, seconds: 0, confidence: 1, notes: [] },
    {
      ...{
        output,
        engine: 'blend',
        device: 'cpu',
        frames: 9,
        made: 7,
        fps: '25',
        seconds: 0,
        confidence: 1,
        notes: [],
      },
    },
  );
  assert.deepEqual(
    told,
    Array.from({ length: 7 }, (_, n) => (n + 1) / 7),
  );
  assert.match(notes.join(), /RGB/);
  const info = await probe(output);
  assert.equal(info.video.codec, 'vp9');
  assert.deepEqual([info.video.width, info.video.height], [WIDTH, HEIGHT]);
  const seen = lumas(output);
  assert.equal(seen.length, 9);
  const [first, last] = [seen[0]!, seen.at(-1)!];
  assert.ok(Math.abs(last - first) > 10, 'the stills differ where this looks');
  seen.forEach((luma, n) => assert.ok(Math.abs(luma - (first + ((last - first) * n) / 8)) < 6, `${n}: ${seen.join()}`));
});

test('what is there stays, unless told; a still is never written over', async (t) => {
  const { folder, a, b, output } = await stills(t);
  writeFileSync(output, 'mine');
  await assert.rejects(runMorph(morph({ a, b, output })), refused('output-exists'));
  assert.equal(readFileSync(output, 'utf8'), 'mine');
  await assert.rejects(runMorph(morph({ a, b, output: b }, {}, { force: true })), refused('output-is-input'));
  await runMorph(morph({ a, b, output }, { frames: 1 }, { force: true }));
  assert.equal(lumas(output).length, 3);
  await assert.rejects(runMorph(morph({ a, b, output: join(folder, 'no', 'x.webm') })), refused('output-folder'));
  await assert.rejects(runMorph(morph({ a, b, output: join(folder, 'x.avi') })), refused('output-format'));
  const unknown = morph({ a, b, output: join(folder, 'x.webm') }, { engine: 'film:none' });
  await assert.rejects(runMorph(unknown), refused('engine-unknown'));
  assert.deepEqual(readdirSync(folder).toSorted(), ['a.png', 'b.png', 'out.webm']);
});

test('cancelled in the middle, it leaves nothing', async (t) => {
  const { folder, a, b, output } = await stills(t);
  const stop = new AbortController();
  const reason = new AppError('cancelled', 'Cancelled.');
  const running = runMorph(morph({ a, b, output }, { frames: 200 }), {
    signal: stop.signal,
    onProgress: ({ done }) => done === 3 && stop.abort(reason),
  });
  await assert.rejects(running, refused('cancelled'));
  assert.deepEqual(readdirSync(folder).toSorted(), ['a.png', 'b.png']);
});

test('the command, with a network of the film family', async (t) => {
  const { folder, a, b, output } = await stills(t);
  const home = join(folder, 'home');
  mkdirSync(home);
  await library(home);
  const words = ['morph', a, b, '-o', output, '--device', 'cpu'];
  const run = await inbetween(home, [...words, '--engine', 'film:tiny', '--recursions', '2', '--fps', '12', '--json']);
  assert.equal(run.status, 0, run.stderr);
  const result = JSON.parse(run.stdout) as Record<string, unknown>;
  assert.equal(result['frames'], 5);
  assert.equal(result['made'], 3);
  assert.equal(result['fps'], '12');
  assert.equal(result['engine'], 'tiny');
  assert.match(String(result['device']), /^cpu, \d+ thread/);
  assert.ok(Number(result['confidence']) > 0 && Number(result['confidence']) < 1);
  assert.equal(lumas(output).length, 5);
});
