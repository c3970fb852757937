/** Pictures of every size, format, aspect ratio, engine and codec through whole jobs; and how much memory jobs take against what they were planned to. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import type { Codec } from '../../app/contract/jobs.ts';
import { openApp, type App } from '../../app/core/app.ts';
import { FIGURE } from '../guarantees/promise.ts';
import { start, tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { doubled, makeSized, type Sized } from '../support/sized.ts';
import { peakOf } from '../support/watch-process.ts';

const PLAIN = { format: 'yuv420p', aspect: '1/1', frames: 3 } as const;
const table: { case: string; is: string; notes: readonly string[] }[] = [];
const memory: Record<string, unknown>[] = [];
let app: App;

before(async () => (app = await openApp()));
after(async () => {
  await app[Symbol.asyncDispose]();
  const refused = table.filter(({ is }) => !is.includes(' '));
  writeEvidence('sizes', { jobs: table.length, refused: refused.length, memory, table });
});

/** Runs a job that must write the source's size and aspect ratio; losslessly its real frames too, byte for byte. */
async function keeps(t: TestContext, clip: Sized, engine: string, ending = 'mkv', codec?: Codec): Promise<void> {
  const folder = tempFolder(t);
  const input = join(folder, 'in.mkv');
  const source = makeSized(input, clip);
  const { is, notes, first } = await doubled(app, input, { folder, engine, ending, codec, format: clip.format });
  const { width, height, format, aspect } = clip;
  const name = `${width}x${height} ${format} ${aspect} ${engine} ${codec ?? 'open'} .${ending}`;
  table.push({ case: name, is, notes });
  assert.ok(
    is.includes(` ${width}x${height} ${aspect} ${2 * clip.frames} frames`),
    `${name}: ${is} ${notes.join(' ')}`,
  );
  if (codec === 'ffv1') assert.ok(first?.equals(source), `${name}: its first frame is another`);
}

/** Runs a job that may be refused by name, or write one line more and say so. */
async function keepsOrSays(t: TestContext, clip: Sized, codec: Codec, ending: string): Promise<void> {
  const folder = tempFolder(t);
  const input = join(folder, 'in.mkv');
  makeSized(input, clip);
  const { is, notes } = await doubled(app, input, { folder, engine: 'blend', ending, codec, format: clip.format });
  const { width, height, aspect } = clip;
  table.push({ case: `${width}x${height} blend ${codec} .${ending}`, is, notes });
  if (is === 'encoder-cannot') assert.match(notes[0]!, new RegExp(`${codec} cannot hold.*What can: `));
  else if (!is.includes(` ${width}x${height} ${aspect}`)) {
    const [more] = [`${width + (width & 1)}x${height + (height & 1)}`];
    assert.ok(is.includes(` ${more} ${aspect}`), is);
    assert.ok(
      notes.some((note) => note.includes(`is written as ${more}`)),
      notes.join(' '),
    );
  }
}

const SIZES = '2x2 3x5 16x16 17x31 31x17 90x160 100x1000 16x4096 4096x16 1921x1081 3840x2160';
const sizeOf = (text: string) => {
  const [width, height] = text.split('x').map(Number);
  return { width: width!, height: height! };
};

test('every size, lossless', async (t) => {
  for (const size of SIZES.split(' ')) await keeps(t, { ...PLAIN, ...sizeOf(size) }, 'glide', 'mkv', 'ffv1');
});

test('depths and chroma of odd pictures', async (t) => {
  for (const format of 'yuv422p yuv444p yuv420p10le yuv422p10le yuv444p10le gbrp'.split(' '))
    await keeps(t, { ...PLAIN, width: 33, height: 17, format }, 'glide', 'mkv', 'ffv1');
});

test('every engine that comes with the program, on small, odd and long pictures', async (t) => {
  for (const engine of ['hold', 'glide:draft', 'glide:best', 'film', 'sepconv', 'adaconv'])
    for (const size of ['2x2', '17x31', '64x64', '16x1000'])
      await keeps(t, { ...PLAIN, ...sizeOf(size), frames: 2 }, engine, 'mkv', 'ffv1');
});

test('sample aspect ratios in every container', async (t) => {
  for (const aspect of ['2/1', '2/3', '64/45'])
    for (const ending of ['mp4', 'mov', 'mkv', 'webm'])
      // Matroska has whole pixels to show: 90 times each of these is whole.
      await keeps(t, { ...PLAIN, width: 90, height: 48, aspect }, 'blend', ending);
});

test('codecs keep the size, repeat one line and say so, or are refused by name', async (t) => {
  for (const [codec, ending] of [
    ['h264', 'mp4'],
    ['hevc', 'mp4'],
    ['av1', 'mp4'],
    ['vp9', 'webm'],
    ['prores', 'mov'],
  ] as const)
    for (const size of ['1x1', '16x16', '17x31', '75x67', '4096x16', '20000x16'])
      await keepsOrSays(t, { ...PLAIN, ...sizeOf(size), frames: 2 }, codec, ending);
});

/** What jobs took, beside what their plan reckoned with. */
const MEMORY: readonly (readonly [size: string, frames: number, engine: string, codec: Codec])[] = [
  ['640x360', 40, 'blend', 'h264'],
  ['1920x1080', 40, 'blend', 'h264'],
  ['1920x1080', 40, 'blend', 'hevc'],
  ['1920x1080', 30, 'blend', 'av1'],
  ['1920x1080', 30, 'glide', 'h264'],
  ['1920x1080', 8, 'glide:best', 'h264'],
  ['3840x2160', 20, 'glide', 'h264'],
  ['640x360', 4, 'film', 'h264'],
  ['640x360', 4, 'sepconv', 'h264'],
  ['320x180', 3, 'adaconv', 'h264'],
  ['7680x4320', 4, 'glide:draft', 'h264'],
];

for (const [size, frames, engine, codec] of MEMORY)
  test(`memory within its bound: ${engine}, ${size}, ${codec}`, async (t) => {
    const folder = tempFolder(t);
    const input = join(folder, 'in.mkv');
    makeSized(input, { ...PLAIN, ...sizeOf(size), frames });
    const output = join(folder, 'out.mp4');
    const words = ['slowmo', input, '-o', output, '--speed', '1', '--factor', '2', '--engine', engine];
    const running = start(join(folder, 'home'), [...words, '--codec', codec, '--json']);
    const peak = peakOf(running.child.pid!);
    const { status, stdout, stderr } = await running.done;
    const took = peak();
    assert.equal(status, 0, stderr);
    const { memoryBytes } = JSON.parse(stdout) as { memoryBytes: number };
    const [plannedMB, tookMB] = [memoryBytes, took].map((bytes) => Math.round(bytes / 2 ** 20));
    memory.push({ engine, size, codec, frames, plannedMB, tookMB });
    t.diagnostic(`${FIGURE}${engine} at ${size}, ${codec}: ${tookMB} MB of at most ${plannedMB} planned`);
    assert.ok(took <= memoryBytes, `${tookMB} MB, planned ${plannedMB}`);
  });
