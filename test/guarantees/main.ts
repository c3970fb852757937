/**
 * `npm run guarantees`: runs the tests that keep what is promised to users and says which promises are kept. Options: --json, --only AREA|ID, --long (the long tests are
 * run too, else their evidence counts), --write (docs/guarantees.md; with --no-run, at once, with the figures of the long ones alone). Exit status 1 when one is broken: a
 * test failed, is not there, or was skipped without a reason.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../support/command.ts';
import type { Keeper } from './promise.ts';
import { loadAreas } from './run/areas.ts';
import type { Area } from './run/areas.ts';
import { documentOf } from './run/document.ts';
import { flaw, isLong, judge } from './run/judge.ts';
import type { Judged } from './run/judge.ts';
import { runFile } from './run/run-files.ts';
import type { TestRun } from './run/run-files.ts';

const AT_ONCE = 2;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    'no-run': { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
  },
});

/** The files to run, each with the names of its tests; undefined: all. */
function filesOf(keepers: readonly Keeper[]): [string, string[] | undefined][] {
  const here = keepers.filter((keeper) => flaw(keeper) === null && (options.long || !isLong(keeper.file)));
  return [...Map.groupBy(here, ({ file }) => file)].map(([file, list]) => {
    const names = list.flatMap(({ name }) => name ?? []);
    return [file, names.length === list.length ? [...new Set(names)] : undefined];
  });
}

async function runAll(files: readonly [string, string[] | undefined][]): Promise<Map<string, TestRun[]>> {
  const ran = new Map<string, TestRun[]>();
  const waiting = files.toSorted(([a], [b]) => Number(isLong(a)) - Number(isLong(b)));
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [file, names] = next;
      const started = performance.now();
      const tests = await runFile(file, names);
      ran.set(file, tests);
      const failed = tests.filter(({ result }) => result === 'failed').length;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stderr.write(
        `${ran.size}/${files.length} ${file}: ${tests.length} tests, ${failed} failed, ${seconds} s\n`,
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return ran;
}

function tell(areas: readonly Area[], judged: readonly Judged[]): void {
  for (const { id, title } of areas) {
    console.log(`\n${title}`);
    for (const { area, says, tests, kept, broken } of judged) {
      if (area !== id) continue;
      console.log(`  ${broken ? 'BROKEN' : kept ? 'kept' : 'not tried'}  ${says}`);
      for (const { file, name, result, why, figures, measured } of tests) {
        if (result !== 'passed' && result !== 'evidence')
          console.log(`      ${result}: ${file}${name === null ? '' : `, ${name}`}${why ? `: ${why}` : ''}`);
        for (const figure of figures) console.log(`      ${figure}${measured ? ` (${measured.date})` : ''}`);
      }
    }
  }
}

const all = await loadAreas();
const areas = all
  .map((area) => ({
    ...area,
    promises: area.promises.filter(
      ({ id }) => options.only.length === 0 || options.only.includes(area.id) || options.only.includes(id),
    ),
  }))
  .filter(({ promises }) => promises.length > 0);
if (areas.length === 0) {
  process.stderr.write(`There is neither an area nor a promise called ${options.only.join(', ')}.\n`);
  process.exit(2);
}
const keepers = areas.flatMap((area) => area.promises.flatMap(({ keptBy }) => keptBy));
const ran = await runAll(options['no-run'] ? [] : filesOf(keepers));
const promises = areas.flatMap((area) => area.promises.map((promised) => judge(promised, area.id, ran)));
if (options.write) {
  if (options.only.length > 0) throw new Error('--write is for all areas.');
  writeFileSync(join(root, 'docs', 'guarantees.md'), documentOf(areas, promises));
}
if (options['no-run']) process.exit(0);
const kept = promises.filter((one) => one.kept).length;
const broken = promises.filter((one) => one.broken).length;
if (options.json) console.log(JSON.stringify({ promises, kept, broken, untried: promises.length - kept - broken }));
else {
  tell(areas, promises);
  console.log(`\n${kept} of ${promises.length} promises kept, ${broken} broken.`);
}
process.exitCode = broken > 0 ? 1 : 0;
