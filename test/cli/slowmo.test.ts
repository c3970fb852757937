/** The slowmo command on real files, end to end: counts, timing, real frames untouched, sound, refusals, resuming. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { RetimeResult } from '../../app/contract/jobs.ts';
import { liveness } from '../../app/core/base/process-identity.ts';
import { ffmpegOutput, frameHashes, makeClip } from '../support/clips.ts';
import { inbetween, start, tempFolder, tree, type Run } from '../support/command.ts';

let folder: string;
let clip: string;
let home: string;

before((t) => {
  folder = tempFolder(t as unknown as { after(hook: () => void): void });
  clip = join(folder, 'clip.mp4');
  home = join(folder, 'home');
  makeClip(clip, { seconds: 1, shots: 2 });
});

async function slowmo(output: string, ...options: string[]): Promise<RetimeResult> {
  const run = await inbetween(home, ['slowmo', clip, '-o', join(folder, output), '--json', ...options]);
  return resultOf(run);
}

function resultOf(run: Run): RetimeResult {
  assert.equal(run.status, 0, run.stderr + run.stdout);
  assert.equal(run.stdout.trimEnd().split('\n').length, 1, 'one line on stdout');
  for (const line of run.stderr.trim().split('\n')) if (line) JSON.parse(line);
  return JSON.parse(run.stdout) as RetimeResult;
}

async function refused(args: string[], status: number, code: string): Promise<void> {
  const run = await inbetween(home, args);
  assert.equal(run.status, status, `${args.join(' ')}: ${run.stderr}`);
  assert.match(run.stderr, new RegExp(`^${code}: .+[.]\\n$`, 'm'), run.stderr);
}

test('a quarter of the speed: counts, cut, real frames bit for bit', async () => {
  const result = await slowmo('quarter.mkv', '--engine', 'blend', '--codec', 'ffv1');
  const { frames, synthesised, passedThrough, held, cuts, fps, durationOut, verified } = result;
  // Two shots of 12 frames: each is held 3 times at its end.
  assert.deepEqual(
    { frames, synthesised, passedThrough, held },
    { frames: 96, synthesised: 66, passedThrough: 24, held: 6 },
  );
  assert.deepEqual({ cuts, fps, durationOut, verified }, { cuts: [2], fps: '24', durationOut: 4, verified: true });
  const [source, slow] = [frameHashes(clip), frameHashes(join(folder, 'quarter.mkv'))];
  source.forEach((hash, i) => assert.equal(slow[4 * i], hash, `frame ${i}`));
  assert.deepEqual(slow.slice(45, 48), [slow[44], slow[44], slow[44]], 'held before the cut');
});

test('the same command again keeps what is there; another job does not overwrite it', async () => {
  const first = await slowmo('again.mp4', '--engine', 'blend');
  const written = statSync(join(folder, 'again.mp4')).mtimeMs;
  const second = await slowmo('again.mp4', '--engine', 'blend');
  assert.equal(statSync(join(folder, 'again.mp4')).mtimeMs, written);
  assert.deepEqual(second, first);
  await refused(['slowmo', clip, '-o', join(folder, 'again.mp4'), '--engine', 'hold'], 3, 'output-exists');
  assert.equal(statSync(join(folder, 'again.mp4')).mtimeMs, written);
  await slowmo('again.mp4', '--engine', 'hold', '--force');
  assert.ok(statSync(join(folder, 'again.mp4')).mtimeMs > written);
});

test('factor and fps keep the duration, and combine with speed', async () => {
  const factor = await slowmo('factor.mp4', '--engine', 'blend', '--factor', '3');
  assert.deepEqual([factor.frames, factor.fps, factor.durationOut], [72, '72', 1]);
  const both = await slowmo('both.mp4', '--engine', 'blend', '--fps', '59.94', '--speed', '1/2');
  assert.deepEqual([both.frames, both.fps], [120, '60000/1001']);
  assert.ok(
    Math.abs(factor.avDriftMs) < 1000 / 72 && Math.abs(both.avDriftMs) < 1000 / 60,
    `${factor.avDriftMs} ${both.avDriftMs}`,
  );
});

test('a range, frame numbers and clock times', async () => {
  const range = (from: string, to: string): string[] => ['--from', from, '--to', to, '--speed', '0.5'];
  const mixed = await slowmo('range.mp4', '--engine', 'blend', ...range('3f', '00:00:00.292'));
  assert.deepEqual([mixed.frames, mixed.passedThrough], [8, 4]);
  await refused(['slowmo', clip, '-o', join(folder, 'none.mp4'), '--from', '5'], 3, 'empty-range');
  assert.ok(!existsSync(join(folder, 'none.mp4')));
});

test('a curve with freeze and reverse, sound included', async () => {
  const curve = join(folder, 'curve.json');
  writeFileSync(
    curve,
    JSON.stringify({
      keys: [
        { output: 0, source: 0, ease: 'smooth' },
        { output: 1, source: 0.4, ease: 'hold' },
        { output: 1.5, source: 0.4, ease: 'linear' },
        { output: 2, source: 0, ease: 'linear' },
      ],
    }),
  );
  const result = await slowmo(
    'curve.mov',
    '--engine',
    'blend',
    '--curve',
    curve,
    '--audio',
    'keep-pitch',
    '--codec',
    'prores',
  );
  assert.equal(result.frames, 48);
  assert.ok(Math.abs(result.avDriftMs) < 1000 / 24);
  const hashes = frameHashes(join(folder, 'curve.mov'));
  assert.equal(new Set(hashes.slice(24, 36)).size, 1, 'frozen');
});

test('backwards at normal speed is the source reversed', async () => {
  const result = await slowmo('back.mkv', '--engine', 'blend', '--speed=-1', '--codec', 'ffv1', '--cuts', 'off');
  assert.deepEqual([result.frames, result.passedThrough], [24, 24]);
  assert.deepEqual(frameHashes(join(folder, 'back.mkv')), frameHashes(clip).toReversed());
});

test('fast motion with a shutter averages sub-frames', async () => {
  const result = await slowmo('fast.mp4', '--engine', 'blend', '--speed', '4', '--shutter', '180', '--audio', 'tape');
  assert.deepEqual([result.frames, result.synthesised], [6, 6]);
});

test('hostile names as input and output', async () => {
  // Each a process or four: what is awkward is put together, but for what must come first.
  const names = [
    `-dash 'quotes' "double" [brackets] %d 100%.mp4`,
    ' line\nbreak 日本語 ελληνικά العربية a:b;c|d&e$f`g.mp4',
    'concat:x.mp4',
  ];
  const nested = join(folder, 'hostile');
  mkdirSync(nested);
  for (const name of names) {
    const input = join(nested, name);
    ffmpegOutput('-i', `file:${clip}`, '-t', '0.25', '-c', 'copy', '-y', `file:${input}`);
    const output = join(nested, `slow ${name}`);
    const run = await inbetween(home, ['slowmo', input, '-o', output, '--engine', 'hold', '--json']);
    assert.equal(resultOf(run).output, output);
    assert.ok(statSync(output).size > 1000, name);
  }
});

test('image sequences in and out', async () => {
  const frames = join(folder, 'frames');
  mkdirSync(frames);
  ffmpegOutput('-i', `file:${clip}`, '-t', '0.25', '-y', `file:${join(frames, '%05d.png')}`);
  const out = join(folder, 'slow');
  mkdirSync(out);
  const [input, output] = [join(frames, '%05d.png'), join(out, '%05d.png')];
  const options = ['--engine', 'blend', '--speed', '0.5', '--input-fps', '12', '--json'];
  const run = await inbetween(home, ['slowmo', input, '-o', output, ...options]);
  const { frames: count, fps, audio } = resultOf(run);
  assert.deepEqual([count, fps, audio], [12, '12', 'none']);
  assert.deepEqual(readdirSync(out).length, 12);
  const pixels = (path: string) =>
    ffmpegOutput('-i', `file:${path}`, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-').toString('base64');
  assert.equal(pixels(join(out, '00003.png')), pixels(join(frames, '00002.png')), 'a real frame is untouched');
});

test('bad inputs get a code and a sentence, and leave nothing behind', async () => {
  const out = join(folder, 'refused.mp4');
  const text = join(folder, 'text.mp4');
  writeFileSync(text, 'this is not a video\n'.repeat(100));
  await refused(['slowmo', join(folder, 'missing.mp4'), '-o', out], 3, 'not-found');
  await refused(['slowmo', folder, '-o', out], 3, 'not-a-file');
  await refused(['slowmo', text, '-o', out], 3, 'unreadable');
  await refused(['slowmo', clip, '-o', clip, '--force'], 3, 'output-is-input');
  await refused(['slowmo', clip, '-o', join(folder, 'out.xyz')], 3, 'output-format');
  await refused(['slowmo', clip, '-o', join(folder, 'no', 'such', 'folder.mp4')], 3, 'output-folder');
  await refused(['slowmo', clip, '-o', out, '--engine', 'magic'], 3, 'engine-unknown');
  await refused(['slowmo', clip, '-o', join(folder, 'out.webm'), '--codec', 'prores'], 3, 'output-format');
  await refused(['slowmo', clip, '-o', out, '--speed', '0'], 2, 'usage');
  await refused(['warp'], 2, 'usage');
  assert.ok(!existsSync(out));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.inbetween')),
    [],
  );
});

test('cancelling takes less than a second, ends every process, and the job resumes', async (t) => {
  const own = tempFolder(t);
  const long = join(own, 'long.mp4');
  makeClip(long, { seconds: 2.5, size: '640x360', shots: 2 });
  const args = ['slowmo', long, '-o', join(own, 'out.mp4'), '--engine', 'blend', '--speed', '1/8', '--json'];
  const running = start(join(own, 'home'), args);
  const rendering = new Promise<string>((resolve) => {
    running.child.stderr!.on('data', (text: string) => /"rendering"/.test(text) && resolve(''));
  });
  const ended = running.done.then(({ stdout, stderr }) => `it ended first: ${stdout}${stderr}`);
  assert.equal(await Promise.race([rendering, ended]), '');
  const pids = tree(running.child.pid!);
  assert.ok(pids.length > 1, 'the job has a process of its own');
  const asked = performance.now();
  running.child.kill('SIGINT');
  const run = await running.done;
  const took = performance.now() - asked;
  assert.equal(run.status, 130);
  assert.ok(took < 1000, `${took.toFixed(0)} ms`);
  // A zombie has ended; how soon it is reaped is up to the machine's first process.
  const alive = pids.filter((pid) => liveness({ pid, start: '' }) !== 'dead');
  assert.deepEqual(alive, [], 'every process has ended');
  assert.ok(!existsSync(join(own, 'out.mp4')));
  resultOf(await inbetween(join(own, 'home'), args));
});
