/**
 * Every colour system, range, depth and layout through every codec and container, and still scenes through every engine.
 *
 * All are planned, and what is refused is refused by name. Every layout, depth and range is written by every codec and read back, in one of the systems and one of the
 * containers, taken in turn; INBETWEEN_COLOUR=all writes all of them in all systems and containers, an hour of work.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { probe } from '../../app/core/media/probe.ts';
import { FIGURE } from '../guarantees/promise.ts';
import { faults, markdown, rowOf, summarise, type Row } from '../support/colour-bounds.ts';
import { CHARTS, chartFrame, SIDE, SYSTEMS, writeChart, type Chart } from '../support/colour-charts.ts';
import { infoOf } from '../core/media/output-kit.ts';
import { planOrRefusal, TARGETS, written, type Chunks, type Outcome, type Target } from '../support/colour-matrix.ts';
import { flicker, STILL_ENGINES, worstFlicker, type Flicker } from '../support/colour-still.ts';
import { root, tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';

const ALL = process.env['INBETWEEN_COLOUR'] === 'all';
const kinds = CHARTS.length / SYSTEMS.length;

/** Whether a chart is written at all: each layout in another system than the one before. */
function isTaken(chart: number): boolean {
  return ALL || Math.floor(chart / kinds) === (chart % kinds) % SYSTEMS.length;
}

/** Whether it is written in a target: in one of the containers of each codec. */
function isWritten(chart: number, target: number): boolean {
  const same = TARGETS.flatMap(({ codec }, n) => (codec === TARGETS[target]!.codec ? [n] : []));
  return ALL || same[(chart % kinds) % same.length] === target;
}

test('every combination of colour, depth, chroma and codec round-trips or is refused by name', async (t) => {
  const out = tempFolder(t);
  const wrong: string[] = [];
  const rows: Row[] = [];
  let [planned, refused] = [0, 0];
  for (const chart of CHARTS) {
    const { probesAs, format, colour } = chart;
    const info = infoOf(format.name, SIDE, SIDE, { pixelFormat: probesAs, colour });
    for (const target of TARGETS) {
      planned++;
      const plan = await planOrRefusal(info, chart, target);
      if (!('refused' in plan)) continue;
      refused++;
      rows.push(rowOf(chart, target, plan));
      wrong.push(...faultsOf(chart, target, plan));
    }
  }
  const look = async (c: number): Promise<void> => {
    const chart = CHARTS[c]!;
    const folder = mkdtempSync(join(out, 'chart-'));
    const path = join(folder, `source.${chart.ending}`);
    const frames = [0, 1].map((at) => chartFrame(chart, at));
    await writeChart(path, chart, frames);
    const info = await probe(path);
    const chunks: Chunks = new Map();
    for (const [n, target] of TARGETS.entries()) {
      if (!isWritten(c, n)) continue;
      const plan = await planOrRefusal(info, chart, target);
      if ('refused' in plan) continue;
      const outcome = await written(folder, info, frames, plan, chunks);
      rows.push(rowOf(chart, target, outcome));
      wrong.push(...faultsOf(chart, target, outcome));
    }
  };
  const queue = [...CHARTS.keys()].filter(isTaken);
  const lane = async (): Promise<void> => {
    for (let c = queue.shift(); c !== undefined; c = queue.shift()) await look(c);
  };
  const looking = stillScenes();
  await Promise.all([lane(), lane(), lane(), lane(), lane(), lane()]);
  const exact = rows.filter(({ writtenAs, max }) => writtenAs !== '' && max === 0).length;
  const bounded = rows.length - refused - exact;
  t.diagnostic(
    `${FIGURE}${planned} combinations planned, ${refused} refused by name; ${exact + bounded} written and read back: ${exact} exact, ${bounded} within their bound`,
  );
  assert.deepEqual(wrong, []);
  const stills = await looking;
  t.diagnostic(
    `${FIGURE}still scenes: a made frame is at most ${stills.worst.toFixed(3)} codes of 8 bits off on average`,
  );
  assert.ok(stills.worst < 0.5);
  const summary = summarise(rows);
  writeEvidence('colour', {
    planned,
    refused,
    exact,
    bounded,
    differences:
      'codes of the source: the largest of a sample, the mean of a picture; worst of every system, range and container',
    summary,
    stillScenes: stills,
  });
  const doc = join(root, 'docs', 'colour.md');
  const text = readFileSync(doc, 'utf8');
  writeFileSync(doc, text.replace(/\| source \|[^]*?\n(?=\n)/, `${markdown(summary)}\n`));
});

function faultsOf(chart: Chart, target: Target, outcome: Outcome): string[] {
  const at = `${chart.name} -> ${target.codec} .${target.ending}`;
  return faults(chart, target, outcome).map((fault) => `${at}: ${fault}`);
}

/** The largest mean difference of a plane, of every engine, in codes of 8 bits; every other layout. */
async function stillScenes(): Promise<{ worst: number; engines: Record<string, Flicker> }> {
  const charts = CHARTS.filter((_, c) => isTaken(c) && (ALL || c % 2 === 0));
  const engines: Record<string, Flicker> = {};
  for (const id of STILL_ENGINES)
    for (const grain of [0, 2])
      engines[`${id}, ${grain ? 'grain' : 'all codes'}`] = worstFlicker(await flicker(id, charts, grain));
  return { worst: Math.max(...Object.values(engines).map(({ mean }) => mean)), engines };
}
