/** Charts of known code values through outputs, a few of each kind; test/long/colour.long.ts has them all. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { capabilities } from '../../../app/core/media/capabilities.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { FIGURE } from '../../guarantees/promise.ts';
import { faults, markdown } from '../../support/colour-bounds.ts';
import { CHARTS, chartFrame, writeChart } from '../../support/colour-charts.ts';
import { planOrRefusal, TARGETS, written, type Chunks } from '../../support/colour-matrix.ts';
import { flicker } from '../../support/colour-still.ts';
import { root } from '../../support/command.ts';
import { encodes, planFor, scratch } from './output-kit.ts';
import { few } from '../../support/few.ts';

/** Systems, ranges, depths, layouts and codecs, each at least once; `npm test` takes every second. */
const PAIRS = [
  ['BT.601 525 limited yuv420p', 'h264', 'mp4'],
  ['BT.709 full gbrp10le', 'prores', 'mov'],
  ['PQ limited yuv420p10le', 'hevc', 'mkv'],
  ['HLG full yuv444p12le', 'vp9', 'webm'],
  ['BT.2020 limited gray10le', 'png', 'png'],
  ['BT.601 625 full yuvj422p', 'ffv1', 'mkv'],
  ['BT.709 limited yuv422p10le', 'exr', 'exr'],
] as const;

test('charts come back with their code values and their tags', async (t) => {
  const folder = await scratch(t);
  const wrong: string[] = [];
  let exact = 0;
  const pairs = few(PAIRS, (_, at) => at % 2 === 0);
  for (const [name, codec, ending] of pairs) {
    if (!(await encodes(t, codec))) continue;
    const chart = CHARTS.find((one) => one.name === name)!;
    const target = TARGETS.find((one) => one.codec === codec && one.ending === ending)!;
    const frames = [0, 1].map((at) => chartFrame(chart, at));
    const path = join(folder, `source.${chart.ending}`);
    await writeChart(path, chart, frames);
    const info = await probe(path);
    const chunks: Chunks = new Map();
    const plan = await planOrRefusal(info, chart, target);
    const outcome = 'refused' in plan ? plan : await written(folder, info, frames, plan, chunks);
    if (!('refused' in outcome) && outcome.difference.max === 0) exact++;
    wrong.push(...faults(chart, target, outcome).map((fault) => `${name} -> ${codec} .${ending}: ${fault}`));
  }
  assert.deepEqual(wrong, []);
  t.diagnostic(`${FIGURE}${pairs.length} charts through ${pairs.length} codecs, ${exact} without a code value changed`);
});

test('what a file does not say is inferred aloud, and what it says is kept', async (t) => {
  const folder = await scratch(t);
  const chart = CHARTS.find(({ name }) => name === 'BT.601 525 limited yuv420p')!;
  const path = join(folder, 'silent.mkv');
  await writeChart(path, chart, [chartFrame(chart, 0)], {});
  const { video, warnings } = await probe(path);
  assert.equal(video.colour.matrix, 'smpte170m');
  assert.deepEqual(video.colour.inferred, ['range', 'matrix']);
  assert.match(warnings.join(' '), /does not say its colour matrix/);
});

test('a still scene does not flicker', async (t) => {
  const charts = CHARTS.filter(({ name }) => /^(BT.709 limited yuv420p|PQ full yuv444p10le)$/.test(name));
  let worst = 0;
  for (const id of ['glide', 'film', 'sepconv']) {
    for (const grain of [0, 2]) {
      for (const { chart, mean } of await flicker(id, id === 'glide' ? charts : charts.slice(0, 1), grain)) {
        worst = Math.max(worst, mean);
        assert.ok(mean < (grain > 0 ? 0.25 : 0.001), `${id}, ${chart}, grain ${grain}: off by ${mean} on average`);
      }
    }
  }
  t.diagnostic(`${FIGURE}made frames of a still scene are at most ${worst.toFixed(3)} codes of 8 bits off on average`);
});

test('transparency is kept where the plan does not say that it is lost', async (t) => {
  const { bsfs } = await capabilities();
  for (const [codec, path, source, kept] of [
    ['ffv1', 'a.mkv', 'yuva444p', true],
    ['prores', 'a.mov', 'yuva444p', true],
    ['vp9', 'a.webm', 'yuva420p', bsfs.has('setts')],
    ['vp9', 'a.webm', 'yuva444p', false],
    ['vp9', 'a.mp4', 'yuva420p', false],
    ['h264', 'a.mp4', 'yuva444p', false],
  ] as const) {
    if (!(await encodes(t, codec))) continue;
    const { pixelFormat, notes } = await planFor(source, { codec, path });
    assert.equal(pixelFormat.startsWith('yuva'), !/Transparency is not kept/.test(notes.join(' ')), `${codec} ${path}`);
    assert.equal(pixelFormat.startsWith('yuva'), kept, `${codec} ${path} ${source}`);
  }
});

const evidence = join(root, 'docs', 'evidence', 'colour.json');

test(
  'the table of docs/colour.md is what was measured',
  { skip: existsSync(evidence) ? false : 'nothing was measured yet' },
  () => {
    const { summary } = JSON.parse(readFileSync(evidence, 'utf8'));
    assert.ok(readFileSync(join(root, 'docs', 'colour.md'), 'utf8').includes(markdown(summary)));
  },
);
