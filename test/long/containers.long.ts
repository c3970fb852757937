/**
 * What becomes of everything in a film, in every container: films that hold it are made, the real command retimes them, and what was written is probed.
 * Writes docs/containers.md, and fails where the one that was committed says otherwise.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { RetimeResult } from '../../app/contract/jobs.ts';
import { locateFfmpeg } from '../../app/core/media/ffmpeg.ts';
import { probe } from '../../app/core/media/probe.ts';
import { ffmpegOutput } from '../support/clips.ts';
import { inbetween, root, tempFolder } from '../support/command.ts';
import { COLUMNS, tableOf, tagCell, TRACK_ROWS, type Column, type Outcome } from '../support/containers-table.ts';
import { writeEvidence } from '../support/evidence.ts';
import { makeFilm } from '../support/tracks.ts';

let folder: string;
let home: string;
const outcomes = new Map<string, Promise<Outcome>>();
let jobs = 0;

before(async (t) => {
  folder = tempFolder(t as unknown as { after(hook: () => void): void });
  home = join(folder, 'home');
  await makeFilms();
});

const file = (name: string): string => `file:${join(folder, name)}`;
const picture = (size: string, seconds = 1): string[] => ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=25:d=${seconds}`];
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-threads', '1', '-pix_fmt', 'yuv420p'];
const SOUNDS = ['aac', 'libmp3lame', 'ac3', 'flac', 'libopus', 'libvorbis', 'pcm_s16le', 'pcm_f32le'];

async function makeFilms(): Promise<void> {
  await makeFilm(folder);
  ffmpegOutput(
    '-y',
    '-i',
    file('film.mkv'),
    '-map',
    '0:v:0',
    '-map',
    '0:s:1',
    '-c:v',
    'copy',
    '-c:s',
    'mov_text',
    file('film.mp4'),
  );
  const inputs = ['picture.mp4', 'vobsub.mks', 'dvb.mks'].flatMap((name) => ['-seek_timestamp', '1', '-i', file(name)]);
  ffmpegOutput('-y', ...inputs, '-map', '0:v', '-map', '1:s', '-map', '2:s', '-c', 'copy', file('pictures.mkv'));
  const tones = SOUNDS.flatMap((codec, i) => ['-map', '1:a', `-c:a:${i}`, codec]);
  ffmpegOutput(
    '-y',
    ...picture('64x48'),
    '-f',
    'lavfi',
    '-i',
    'sine=d=1:r=48000',
    '-map',
    '0:v',
    ...tones,
    ...X264,
    file('sounds.mkv'),
  );
  const gps = join(folder, 'gps.bin');
  writeFileSync(gps, 'GPS');
  ffmpegOutput(
    ...[
      '-y',
      ...picture('64x48'),
      ...picture('32x32'),
      '-f',
      'data',
      '-i',
      `file:${gps}`,
      '-map',
      '0:v',
      '-map',
      '1:v',
      '-map',
      '2:d',
    ],
    ...[...X264, '-c:d', 'copy', '-tag:d', 'gpmd', '-f', 'mov', file('data.mov')],
  );
  const hdr =
    'master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400:log-level=error';
  ffmpegOutput(
    ...['-y', ...picture('64x64', 0.4), '-vf', 'format=yuv420p10le,setsar=2/1', '-c:v', 'libx265', '-x265-params', hdr],
    ...[
      '-color_primaries',
      'bt2020',
      '-color_trc',
      'smpte2084',
      '-colorspace',
      'bt2020nc',
      '-color_range',
      'tv',
      file('hdr.mkv'),
    ],
  );
}

/** The film retimed to half speed into a container, once; `more` are options. */
async function run(film: string, column: Column, ...more: string[]): Promise<Outcome> {
  const key = [film, column, ...more].join(' ');
  let outcome = outcomes.get(key);
  if (!outcome) outcomes.set(key, (outcome = work(film, column, more)));
  return await outcome;
}

async function work(film: string, column: Column, more: readonly string[]): Promise<Outcome> {
  const number = ++jobs;
  const to = join(folder, `out-${number}`, column === 'png' ? '%05d.png' : `out.${column}`);
  mkdirSync(join(folder, `out-${number}`));
  const options = ['--speed', '1/2', '--engine', 'blend', '--audio', 'keep-pitch', '--json', ...more];
  const done = await inbetween(home, ['slowmo', join(folder, film), '-o', to, ...options]);
  if (done.status !== 0) {
    const said = done.stderr.split('\n').flatMap((line) => /^\{"error":\{"code":"([\w-]+)"/.exec(line)?.[1] ?? []);
    return { refused: said[0] ?? `exit ${done.status}: ${done.stderr.slice(-300)}` };
  }
  const result = JSON.parse(done.stdout) as RetimeResult;
  assert.ok(result.verified);
  return { result, found: column === 'png' ? undefined : await probe(to) };
}

const rows: { name: string; cells: string[] }[] = [];

async function row(name: string, cell: (column: Column) => Promise<string>): Promise<void> {
  const cells: string[] = [];
  for (const column of COLUMNS) cells.push(await cell(column));
  rows.push({ name, cells });
}

test('sound of every codec is kept, in the codec of the container', async () => {
  const wanted: Record<Column, string> = { mkv: 'opus', mp4: 'aac', mov: 'aac', webm: 'opus', png: '' };
  await row(
    `sound (${SOUNDS.map((one) => one.replace(/^lib/, '').replace('mp3lame', 'mp3')).join(', ')})`,
    async (column) => {
      const outcome = await run('sounds.mkv', column);
      assert.ok('result' in outcome, JSON.stringify(outcome));
      if (!outcome.found) return 'left out: numbered images have no sound';
      assert.deepEqual(
        outcome.found.audio.map(({ codec }) => codec),
        SOUNDS.map(() => wanted[column]),
      );
      return `→ ${wanted[column]}`;
    },
  );
  await row('sound beside a lossless picture (ffv1, prores)', async (column) => {
    const codec = { mkv: 'ffv1', mov: 'prores' }[column as string];
    if (!codec) return '—';
    const outcome = await run('sounds.mkv', column, '--codec', codec);
    assert.ok('result' in outcome && outcome.found);
    return `→ ${outcome.found.audio[0]!.codec}`;
  });
});

for (const one of TRACK_ROWS) {
  test(`tracks: ${one.name}`, async () => {
    await row(one.name, async (column) => one.cell(await run(one.film, column)));
  });
}

test('tags', async () => {
  await row("tags (title, comment, date, place, maker, one's own)", async (column) =>
    tagCell(await run('film.mkv', column)),
  );
});

test('all eight ways to turn and mirror a picture end upright', async () => {
  // Red, green, blue and white corners, so that every turn looks different.
  const corners =
    'color=black:s=64x48:r=25:d=0.4,drawbox=0:0:32:24:red:t=fill,drawbox=32:0:32:24:green:t=fill,drawbox=0:24:32:24:blue:t=fill,drawbox=32:24:32:24:white:t=fill';
  const upright = cornersOf(
    ffmpegOutput('-f', 'lavfi', '-i', corners, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'),
    64,
    48,
  );
  // As stored, and the display matrix that undoes it: a, b, c, d of 16.16 fixed point.
  const turns = [
    ['null', [1, 0, 0, 1]],
    ['transpose=cclock', [0, 1, -1, 0]],
    ['hflip,vflip', [-1, 0, 0, -1]],
    ['transpose=clock', [0, -1, 1, 0]],
    ['hflip', [-1, 0, 0, 1]],
    ['vflip', [1, 0, 0, -1]],
    ['transpose=cclock_flip', [0, 1, 1, 0]],
    ['transpose=clock_flip', [0, -1, -1, 0]],
  ] as const;
  for (const [i, [filter, matrix]] of turns.entries()) {
    const name = `turn-${i}.mp4`;
    ffmpegOutput('-y', '-f', 'lavfi', '-i', `${corners},${filter}`, ...X264, file(name));
    patchMatrix(join(folder, name), matrix);
  }
  await row('turned or mirrored pictures (8 ways)', async (column) => {
    // Every way into MP4; a turned and mirrored one into the others.
    for (const i of column === 'mp4' ? turns.keys() : [6]) {
      const outcome = await run(`turn-${i}.mp4`, column);
      assert.ok('result' in outcome, JSON.stringify(outcome));
      const path = outcome.found?.path ?? join(folder, `out-${jobs}`, '00001.png');
      const found = await probe(path);
      assert.deepEqual(
        [found.video.width, found.video.height, found.video.rotation],
        [64, 48, 0],
        `${turns[i]![0]} in ${column}`,
      );
      const frame = ffmpegOutput('-i', `file:${path}`, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
      assert.deepEqual(cornersOf(frame, 64, 48), upright, `${turns[i]![0]} in ${column}`);
    }
    return 'upright';
  });
});

/** Red, green and blue on or off in the middle of each quarter. */
function cornersOf(frame: Buffer, width: number, height: number): number[][] {
  return [0.25, 0.75].flatMap((y) =>
    [0.25, 0.75].map((x) =>
      [0, 1, 2].map((c) => (frame[3 * (Math.floor(y * height) * width + Math.floor(x * width)) + c]! > 90 ? 1 : 0)),
    ),
  );
}

function patchMatrix(path: string, [a, b, c, d]: readonly [number, number, number, number]): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf('tkhd', 0, 'latin1');
  const start = at + 4 + 4 + (bytes[at + 4] === 1 ? 32 : 20) + 16;
  [a, b, 0, c, d, 0].forEach((value, i) => bytes.writeInt32BE(i % 3 === 2 ? value : value * 65_536, start + 4 * i));
  writeFileSync(path, bytes);
}

test('pixels that are not square, HDR', async () => {
  const codec = (column: Column): string[] => (column === 'webm' || column === 'png' ? [] : ['--codec', 'hevc']);
  const of = async (column: Column) => {
    const outcome = await run('hdr.mkv', column, ...codec(column));
    assert.ok('result' in outcome, JSON.stringify(outcome));
    return outcome;
  };
  await row('pixels that are not square', async (column) => {
    const { found } = await of(column);
    if (!found) return '—';
    assert.deepEqual(found.video.sampleAspect, { num: 2, den: 1 }, column);
    return 'kept';
  });
  await row('HDR: primaries, transfer', async (column) => {
    const { found } = await of(column);
    if (!found) return '—';
    assert.deepEqual([found.video.colour.primaries, found.video.colour.transfer], ['bt2020', 'smpte2084'], column);
    return 'kept';
  });
  await row('HDR10: mastering and light levels', async (column) => {
    const { found, result } = await of(column);
    if (found?.video.hdr?.mastering && found.video.hdr.contentLight) return `kept with ${found.video.codec}`;
    const note = result.notes.find((one) => one.startsWith('HDR10'));
    assert.ok(note, `${column}: ${result.notes.join(' ')}`);
    return 'left out: the codec has no place for it there';
  });
});

test('docs/containers.md says the same', async (context) => {
  const { version } = await locateFfmpeg();
  const text = `# Containers

What becomes of everything in a film when it is retimed into another, by container. This page is written by
\`test/long/containers.long.ts\`: it makes films that hold all of it, runs \`inbetween slowmo\` on them at half speed, and probes what
was written (here with ffmpeg ${version.replace(/-.*/, '')}). It fails where this page says otherwise.

Text and pictures of subtitles, chapters and timecode are led through the same map as the picture: speeds, ramps, freezes, trims, backwards. What is
converted or left out is said in the job's notes before it runs, by name; \`--json\` lists every stream under \`tracks\`.

${tableOf(rows)}
.png stands for all numbered images. .m4v is written as .mp4, .qt as .mov.

- A subtitle that is shown while the picture goes back and forth appears each time its moment is shown. Times inside (karaoke, movements, fades) follow
  the map too; of text that is shown backwards they are stretched evenly. Scrolling effects of ASS (the field Effect) keep their own speed.
- A chapter that is shown twice is there twice; chapters that overlap end where the next begins.
- A track that turns out unreadable is left out by name; the job is done without it.
- The title of a track in .mp4 and .mov is written twice: as the track's name (\`udta/name\`), which players show, and as its handler's name, which ffmpeg reads.
- Sounds are all made in the job's mode (\`--audio\`). Of sequences the sound is one mix; their clips' text becomes one subtitle track, their markers chapters.
`;
  const path = join(root, 'docs', 'containers.md');
  const committed = (() => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  })();
  writeFileSync(path, text);
  writeEvidence('containers', { ffmpeg: version, jobs, rows: rows.length, cells: rows.length * COLUMNS.length });
  context.diagnostic(`figure: ${jobs} jobs, ${rows.length} kinds of content in ${COLUMNS.length} containers`);
  assert.equal(committed, text, 'docs/containers.md said otherwise; it is written anew');
});
