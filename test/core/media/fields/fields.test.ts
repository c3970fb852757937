/** Interlaced and telecined clips, made here, found and taken apart again. The whole matrix is test/long/fields.long.ts. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AppError } from '../../../../app/contract/errors.ts';
import { TICKS } from '../../../../app/contract/time.ts';
import { fieldsMark } from '../../../../app/core/media/fields/field-index.ts';
import { sourceWithin } from '../../../../app/core/media/conform.ts';
import { FIGURE } from '../../../guarantees/promise.ts';
import { ffmpegOutput } from '../../../support/clips.ts';
import { bobbed, decoded, look, treated } from '../../../support/field-look.ts';
import {
  flagPulldown,
  interlacing,
  lumaPsnr,
  makeFields,
  moving,
  originals,
  pulldown,
} from '../../../support/fields.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-fields-'));
after(() => rmSync(folder, { recursive: true }));

const SMALL = { width: 48, height: 240 };
const film = moving({ ...SMALL, frames: 64 });
const NTSC = '30000/1001';

test('telecined film: every film frame comes back, bit for bit, evenly spaced at 24000/1001', async (context) => {
  const path = join(folder, 'film.mkv');
  makeFields(path, film, { filters: pulldown('23'), rate: NTSC });
  const seen = await look(path);
  assert.equal(seen.facts.fields.kind, 'telecined');
  const source = treated(seen);
  assert.deepEqual([source.timing.rate, source.timing.vfr], [{ num: 24000, den: 1001 }, false]);
  assert.match(source.notes.join(), /telecined film \(2:3\), top field first, although its file says progressive/);
  const wanted = originals(film);
  const pictures = await decoded(source);
  assert.equal(pictures.length, wanted.length);
  const exact = pictures.filter((picture, i) => Buffer.compare(picture, wanted[i]!) === 0).length;
  assert.equal(exact, wanted.length);
  context.diagnostic(`${FIGURE}${exact} of ${wanted.length} film frames come back bit for bit`);
});

test('an edit breaks the pulldown: the film behind it comes back, too, on the same grid', async () => {
  const path = join(folder, 'edited.mkv');
  const left = "select='not(between(n,23,30))'";
  makeFields(path, film, { filters: `${pulldown('23')},${left}`, rate: NTSC });
  const seen = await look(path);
  const source = treated(seen);
  assert.deepEqual([source.timing.rate, source.timing.vfr], [{ num: 24000, den: 1001 }, false]);
  const wanted = originals(film);
  const pictures = await decoded(source);
  const numbers = pictures.map((picture) => wanted.findIndex((one) => Buffer.compare(picture, one) === 0));
  const whole = numbers.filter((number) => number >= 0);
  assert.deepEqual(
    whole,
    [...new Set(whole)].toSorted((a, b) => a - b),
  );
  // 8 coded frames are 16 fields, or 6.4 film frames; one may have kept a single field.
  assert.ok(whole.length >= wanted.length - 8, `${whole.length} of ${wanted.length} film frames`);
  assert.ok(numbers.filter((number) => number < 0).length <= 1);
});

test('interlaced: every field becomes a picture at its own time, whatever the header says of the order', async (context) => {
  const path = join(folder, 'video.mkv');
  const fields = moving({ ...SMALL, rate: '50', frames: 64 });
  makeFields(path, fields, { filters: `${interlacing('bottom')},setfield=tff`, rate: '25' });
  const seen = await look(path);
  assert.deepEqual([seen.facts.fields.kind, seen.facts.fields.order], ['interlaced', 'bottom']);
  const source = treated(seen);
  assert.deepEqual([source.timing.rate, source.timing.vfr], [{ num: 50, den: 1 }, false]);
  assert.deepEqual(source.facts.index.times.slice(0, 3), [0, TICKS / 50, TICKS / 25]);
  assert.equal(source.info.video.fieldOrder, 'progressive');
  const wanted = originals(fields);
  const pictures = await decoded(source);
  assert.equal(pictures.length, wanted.length);
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const own = mean(pictures.map((picture, i) => lumaPsnr(picture, wanted[i]!, fields)));
  const bob = mean(
    wanted.map((one, i) => lumaPsnr(bobbed(one, SMALL.width, SMALL.height, i % 2 === 0 ? 1 : 0), one, fields)),
  );
  assert.ok(own > bob + 1, `${own.toFixed(2)} dB, bob ${bob.toFixed(2)} dB`);
  context.diagnostic(`${FIGURE}deinterlaced ${own.toFixed(1)} dB from the pictures at 50p, bob ${bob.toFixed(1)} dB`);

  // From anywhere, and made smaller and turned: the same pictures.
  assert.deepEqual(await decoded(source, 57, 63), pictures.slice(57));
  assert.deepEqual(await decoded(source, 20, 20), [pictures[20]]);
  const small = { ...source, info: sourceWithin(source.info, { width: 24, height: 120 }) };
  const reduced = await decoded(small);
  assert.equal(reduced.length, pictures.length);
  assert.equal(reduced[0]!.length, (24 * 120 * 3) / 2);
  assert.deepEqual(await decoded(small, 41, 43), reduced.slice(41, 44));
});

test('what is asked for: off leaves the fields woven and warns, film is refused where there is none', async () => {
  const path = join(folder, 'asked.mkv');
  makeFields(path, moving({ ...SMALL, rate: '50', frames: 48 }), { filters: interlacing('top'), rate: '25' });
  const seen = await look(path);
  const off = treated(seen, 'off');
  assert.equal(off.facts, seen.facts);
  assert.match(off.notes.join(), /is interlaced, top field first\. Its fields are left as they are, as asked/);
  assert.throws(
    () => treated(seen, 'inverse-telecine'),
    (error) => error instanceof AppError && error.code === 'not-telecined' && /is interlaced/.test(error.message),
  );
  // What is made of other pictures has other keys.
  const marks = (['auto', 'off', 'deinterlace'] as const).map((choice) =>
    fieldsMark(treated(seen, choice).facts.index),
  );
  assert.equal(new Set(marks).size, 3);
});

test('progressive footage is left alone, flagged interlaced or not; deinterlacing it is done when asked, and said', async () => {
  const path = join(folder, 'psf.mkv');
  makeFields(path, moving({ ...SMALL, frames: 40 }), { filters: 'setfield=tff', rate: '25' });
  const seen = await look(path);
  assert.equal(seen.facts.fields.kind, 'progressive');
  const source = treated(seen);
  assert.equal(source.facts, seen.facts);
  assert.match(source.notes.join(), /flagged interlaced, but nothing in it is combed/);
  const asked = treated(seen, 'deinterlace');
  assert.equal(asked.facts.index.times.length, 80);
  assert.match(asked.notes.join(), /costs detail/);
});

test('film by flags of the file (soft telecine) is spaced evenly', async () => {
  const stream = join(folder, 'soft.m2v');
  const path = join(folder, 'soft.vob');
  const codec = ['-c:v', 'mpeg2video', '-q:v', '2', '-bf', '0', '-g', '12', '-f', 'mpeg2video'];
  makeFields(stream, film, { filters: '', rate: NTSC, codec });
  flagPulldown(stream);
  ffmpegOutput('-fflags', '+genpts', '-i', `file:${stream}`, '-c', 'copy', '-y', `file:${path}`);
  const seen = await look(path);
  assert.equal(seen.facts.fields.kind, 'soft-telecine');
  const uneven = treated(seen, 'off');
  assert.notEqual(uneven.facts.index.times[1], uneven.facts.index.times[2]! / 2);
  const source = treated(seen);
  assert.deepEqual([source.timing.rate, source.timing.vfr], [{ num: 24000, den: 1001 }, false]);
  assert.equal((await decoded(source)).length, 64);
});

test('parts of different kinds are found and treated each in its way', async () => {
  const [a, b, path] = ['a.mkv', 'b.mkv', 'mixed.mkv'].map((name) => join(folder, name));
  makeFields(a!, film, { filters: pulldown('23'), rate: NTSC });
  const video = moving({ ...SMALL, frames: 96, source: 'mandelbrot=start_scale=0.4:end_scale=0.1:end_pts=200' });
  makeFields(b!, video, { filters: interlacing('top'), rate: NTSC });
  ffmpegOutput(
    ...['-i', `file:${a}`, '-i', `file:${b}`, '-filter_complex', '[0:v][1:v]concat=n=2:v=1,settb=1001/30000,setpts=N'],
    ...['-r', NTSC, '-c:v', 'ffv1', '-y', `file:${path}`],
  );
  const seen = await look(path!);
  const kinds = seen.facts.fields.sections.map(({ first, last, pattern }) => [first, last, pattern]);
  assert.deepEqual(kinds, [
    [0, 79, '2:3'],
    [80, 127, '1'],
  ]);
  const source = treated(seen);
  assert.equal(source.facts.index.times.length, 64 + 96);
  assert.deepEqual(source.facts.cuts, [64]);
});
