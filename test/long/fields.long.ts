/**
 * Interlaced and telecined footage: found or not for every way of making it, out of real clips and drawn ones; what comes back, in dB; no alarm on progressive
 * footage. INBETWEEN_SHARED has the real clips; without it the drawn ones alone are used. Writes docs/evidence/fields.json; its tests may be run one by one.
 * INBETWEEN_FIELDS_EVERY=N is brief: one of N clips, and all codecs on the first clip alone; else one of 9, and of the progressive ones all.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { probe } from '../../app/core/media/probe.ts';
import { FIGURE } from '../guarantees/promise.ts';
import { ffmpegOutput } from '../support/clips.ts';
import { root } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { bobbed, decoded, look, treated } from '../support/field-look.ts';
import * as make from '../support/fields.ts';
import type { Progressive } from '../support/fields.ts';

const shared = process.env['INBETWEEN_SHARED'];
const folder = mkdtempSync(join(tmpdir(), 'inbetween-fields-'));
after(() => rmSync(folder, { recursive: true }));
const EVERY = process.env['INBETWEEN_FIELDS_EVERY'] ? Number(process.env['INBETWEEN_FIELDS_EVERY']) : undefined;
const figures: Record<string, unknown> = {};
/** Adds to the evidence what has been measured so far. */
function keep(): void {
  const path = join(root, 'docs', 'evidence', 'fields.json');
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {};
  for (const key of ['commit', 'date', 'machine']) delete before[key];
  writeEvidence('fields', { ...before, ...figures });
}
after(keep);

const NTSC = '30000/1001';
const X264 = (more: string[] = []): string[] => [...make.MBAFF, '-g', '24', ...more];

interface Way {
  readonly name: string;
  /** As found: kind and, where it counts, order. */
  readonly kind: string;
  readonly order?: 'top' | 'bottom';
  readonly filters: string;
  readonly rate: string;
  /** Rate of what comes back. */
  readonly back: string;
  readonly codec?: readonly string[];
  readonly container?: string;
  readonly pixelFormat?: string;
  readonly source?: Partial<Progressive>;
}

const shifted = "setfield=tff,separatefields,select='gt(n,0)',weave=first_field=bottom,setfield=bff";

/** Every way of making fields that is tried, with the codecs that such footage comes in. */
const WAYS: readonly Way[] = [
  ...(['top', 'bottom'] as const).flatMap((order): Way[] => [
    { name: `video ${order}`, kind: 'interlaced', order, filters: make.interlacing(order), rate: '25', back: '50/1' },
    {
      ...{ name: `video ${order}, H.264 MBAFF, filtered`, kind: 'interlaced', order, rate: '25', back: '50/1' },
      ...{ filters: make.interlacing(order, 'linear'), container: 'mp4' },
      codec: X264(order === 'bottom' ? ['-x264opts', 'bff=1'] : []),
    },
    {
      ...{ name: `2:3 ${order}`, kind: 'telecined', order, filters: make.pulldown('23', order), rate: NTSC },
      back: '24000/1001',
    },
    {
      ...{
        name: `2:3 ${order}, MPEG-2 in TS`,
        kind: 'telecined',
        order,
        filters: make.pulldown('32', order),
        rate: NTSC,
      },
      ...{ back: '24000/1001', codec: make.MPEG2, container: 'ts' },
    },
  ]),
  {
    ...{ name: 'video top, said to be progressive, H.264', kind: 'interlaced', order: 'top', rate: '25', back: '50/1' },
    ...{ filters: make.interlacing('top', 'complex'), container: 'mp4' },
    codec: ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20'],
  },
  {
    ...{ name: 'video top, MPEG-2 program stream', kind: 'interlaced', order: 'top', rate: NTSC, back: '60000/1001' },
    ...{ filters: make.interlacing('top', 'linear'), codec: make.MPEG2, container: 'vob' },
  },
  {
    ...{ name: 'video top, 10 bit 4:2:0', kind: 'interlaced', order: 'top', rate: '25', back: '50/1' },
    ...{ filters: make.interlacing('top'), pixelFormat: 'yuv420p10le', source: { pixelFormat: 'yuv420p10le' } },
  },
  {
    ...{ name: 'video top, ProRes 4:2:2 10 bit', kind: 'interlaced', order: 'top', rate: '25', back: '50/1' },
    ...{ filters: make.interlacing('top'), pixelFormat: 'yuv422p10le', source: { pixelFormat: 'yuv422p10le' } },
    ...{ codec: ['-c:v', 'prores_ks', '-profile:v', '3', '-flags', '+ildct'], container: 'mov' },
  },
  {
    ...{ name: 'video bottom, DV', kind: 'interlaced', order: 'bottom', rate: '25', back: '50/1' },
    ...{ filters: make.interlacing('bottom'), codec: ['-c:v', 'dvvideo', '-flags', '+ildct'], container: 'dv' },
    source: { width: 720, height: 576 },
  },
  {
    ...{ name: '2:3:3:2 top', kind: 'telecined', order: 'top', filters: make.pulldown('2332'), rate: NTSC },
    back: '24000/1001',
  },
  {
    ...{ name: '3:2:3:2:2 top', kind: 'telecined', order: 'top', filters: make.pulldown('32322'), rate: NTSC },
    back: '25000/1001',
  },
  {
    ...{ name: '24 in 25 top', kind: 'telecined', order: 'top', filters: make.pulldown('222222222223'), rate: '25' },
    back: '24/1',
  },
  { name: '2:2 a field late', kind: 'telecined', order: 'bottom', filters: shifted, rate: '25', back: '25/1' },
  {
    ...{ name: '2:3 top, edited', kind: 'telecined', order: 'top', rate: NTSC, back: '24000/1001' },
    filters: `${make.pulldown('23')},select='not(between(n,21,28)+between(n,61,61)+between(n,70,73))'`,
  },
  { name: 'whole frames', kind: 'progressive', filters: '', rate: '25', back: '25/1' },
  {
    ...{ name: 'whole frames flagged interlaced (PsF), H.264', kind: 'progressive', rate: '25', back: '25/1' },
    ...{ filters: 'setfield=tff', codec: X264(), container: 'mp4' },
  },
];

interface Source {
  readonly name: string;
  readonly of: (more: Partial<Progressive>) => Progressive;
}

const SIZE = { width: 160, height: 256, frames: 80 };

/** Real clips and two drawn, each made small and short once. */
function* sources(): Generator<Source> {
  const drawn = [undefined, 'testsrc2=alpha=255'].map((source, i) => ({
    name: `drawn ${i + 1}`,
    first: make.moving({ ...SIZE, ...(source && { source }) }),
  }));
  const clips = shared ? join(shared, 'clips', 'train') : '';
  const files = existsSync(clips) ? readdirSync(clips).filter((name) => name.endsWith('.mp4')) : [];
  const real = files
    .toSorted()
    .filter((_, i) => i % (EVERY ?? 9) === 1)
    .map((name) => ({ name, first: make.footage(join(clips, name), SIZE) }));
  for (const { name, first } of [...drawn, ...real]) {
    const base = join(folder, 'base.mkv');
    make.makeFields(base, first, { filters: '', rate: first.rate });
    const frames = make.originals(make.footage(base, SIZE)).length;
    yield { name, of: (more) => make.footage(base, { ...SIZE, frames, ...more }) };
  }
}

const finite = (value: number): number => Math.min(100, value);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / (values.length || 1);

test(
  'every way of making fields is found, over real and drawn clips, and undone',
  { timeout: 3600e3 },
  async (context) => {
    const clips: string[] = [];
    const confusion: Record<string, Record<string, number>> = {};
    const missed: string[] = [];
    const quality: Record<string, { own: number[]; bob: number[]; exact: number; pictures: number }> = {};
    let [right, all] = [0, 0];
    for (const { name, of } of sources()) {
      const whole = EVERY === undefined || clips.length === 0;
      for (const way of WAYS) {
        if (!whole && (way.codec ?? way.pixelFormat)) continue;
        const source = of(way.source ?? {});
        const path = join(folder, `made.${way.container ?? 'mkv'}`);
        make.makeFields(path, source, way);
        const seen = await look(path);
        const { kind, order } = seen.facts.fields;
        const { timing, ...pictures } = treated(seen);
        const rate = timing.vfr ? 'vfr' : `${timing.rate.num}/${timing.rate.den}`;
        const found = kind === 'progressive' ? kind : `${kind} ${order}`;
        const row = (confusion[way.name] ??= {});
        row[found] = (row[found] ?? 0) + 1;
        const ok = kind === way.kind && (way.order === undefined || order === way.order) && rate === way.back;
        all++;
        if (ok) right++;
        else missed.push(`${name}, ${way.name}: ${found} at ${rate}`);
        if (ok && whole && kind !== 'progressive' && source.pixelFormat === 'yuv420p')
          await score(source, way, pictures, quality);
        rmSync(path);
      }
      clips.push(name);
      const scores = Object.fromEntries(
        Object.entries(quality).map(([way, { own, bob, exact, pictures }]) => [
          way,
          { psnr: +mean(own).toFixed(2), ...(bob.length > 0 && { bob: +mean(bob).toFixed(2) }), exact, pictures },
        ]),
      );
      Object.assign(figures, { detection: { right, of: all, clips, confusion, missed }, quality: scores });
      keep();
      process.stderr.write(`${name}: ${right} of ${all} so far\n`);
    }
    context.diagnostic(`${FIGURE}${right} of ${all} made clips found right`);
    assert.ok(right >= 0.97 * all, missed.join('\n'));
  },
);

async function score(
  source: Progressive,
  way: Way,
  pictures: Parameters<typeof decoded>[0],
  quality: Record<string, { own: number[]; bob: number[]; exact: number; pictures: number }>,
): Promise<void> {
  const wanted = make.originals(source);
  const made = await decoded(pictures);
  const row = (quality[way.name] ??= { own: [], bob: [], exact: 0, pictures: 0 });
  const video = way.kind === 'interlaced';
  const parity = way.order === 'bottom' ? 1 : 0;
  for (const [i, picture] of made.entries()) {
    // Film behind an edit is whichever frame it is most like.
    const near = video ? [wanted[i]!] : wanted.slice(Math.max(0, i - 2), i + 40);
    const best = Math.max(...near.filter(Boolean).map((one) => make.lumaPsnr(picture, one, source)));
    row.own.push(finite(best));
    row.pictures++;
    if (near.some((one) => one && Buffer.compare(one, picture) === 0)) row.exact++;
    if (!video || !wanted[i]) continue;
    const lines = bobbed(wanted[i]!, source.width, source.height, ((i + parity) % 2) as 0 | 1);
    row.bob.push(finite(make.lumaPsnr(lines, wanted[i]!, source)));
  }
}

test('no alarm: progressive clips are found progressive', { timeout: 3600e3 }, async (context) => {
  if (!shared) return context.skip('needs INBETWEEN_SHARED');
  const files = ['train', 'odd', 'actions'].flatMap((name) => filesIn(join(shared, 'clips', name)));
  const alarms: string[] = [];
  let looked = 0;
  for (const [i, path] of files.entries()) {
    if (i % (EVERY ?? 1) !== 0) continue;
    const info = await probe(path).catch(() => undefined);
    // Minutes of each are enough.
    if (!info || info.video.codedWidth * info.video.codedHeight * (info.duration ?? 1) > 640 * 360 * 60) continue;
    const seen = await look(path).catch(() => undefined);
    if (!seen) continue;
    looked++;
    if (seen.facts.fields.kind !== 'progressive')
      alarms.push(`${path.slice(shared.length)}: ${seen.facts.fields.kind}`);
  }
  Object.assign(figures, { progressive: { looked, alarms } });
  context.diagnostic(`${FIGURE}${alarms.length} alarms on ${looked} progressive clips`);
  assert.deepEqual(alarms, []);
});

function filesIn(top: string): string[] {
  if (!existsSync(top)) return [];
  const all = readdirSync(top, { withFileTypes: true, recursive: true });
  return all
    .filter((one) => one.isFile() && /\.(mp4|mov|mkv|webm|avi|ts|flv|3gp|gif)$/i.test(one.name))
    .map((one) => join(one.parentPath, one.name))
    .toSorted();
}

test('a cut of the film in the middle of a coded frame is found between its fields', async (context) => {
  const path = join(folder, 'cut.mkv');
  const right: number[] = [];
  for (const at of [31, 32, 33, 34]) {
    const a = make.moving({ width: 96, height: 240, frames: at });
    const b = make.moving({ width: 96, height: 240, frames: 64 - at, source: 'testsrc2=alpha=255' });
    const [one, two] = [join(folder, 'a.mkv'), join(folder, 'b.mkv')];
    make.makeFields(one, a, { filters: '', rate: a.rate });
    make.makeFields(two, b, { filters: '', rate: b.rate });
    ffmpegOutput(
      ...['-i', `file:${one}`, '-i', `file:${two}`, '-filter_complex'],
      `[0:v][1:v]concat=n=2:v=1,settb=1001/24000,setpts=N,${make.pulldown('23')}`,
      ...['-c:v', 'ffv1', '-y', `file:${path}`],
    );
    const source = treated(await look(path));
    if (source.facts.cuts.length === 1 && source.facts.cuts[0] === at) right.push(at);
  }
  Object.assign(figures, { cutsWithinFrames: { right: right.length, of: 4 } });
  context.diagnostic(`${FIGURE}${right.length} of 4 film cuts, two within a coded frame, found at their film frame`);
  assert.equal(right.length, 4);
});
