/** The tables of promises are sound, and docs/guarantees.md is written from them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/command.ts';
import { AREAS, loadAreas } from './run/areas.ts';
import { COMPLAINTS } from './run/complaints.ts';
import { declares } from './run/declared.ts';
import { documentOf, MEASURED } from './run/document.ts';
import { evidenceFigures, flaw, judge } from './run/judge.ts';

const areas = await loadAreas();
const promises = areas.flatMap((area) => area.promises);

test('every promise names tests that are there, under an id of its own', () => {
  const known = new Set([...AREAS.map(([file]) => `${file}.ts`), 'promise.ts', 'main.ts', 'guarantees.test.ts']);
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts'));
  assert.deepEqual(
    files.filter((name) => !known.has(name)),
    [],
    'tables that run/areas.ts does not list',
  );
  assert.equal(new Set(promises.map(({ id }) => id)).size, promises.length);
  const flaws = promises.flatMap(({ id, keptBy }) =>
    keptBy.flatMap((keeper) => flaw(keeper) ?? []).map((why) => `${id}: ${why}`),
  );
  assert.deepEqual(flaws, []);
  for (const { id, says, keptBy } of promises) {
    assert.match(id, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    assert.match(says, /^[A-Z0-9“].*\.$/s, id);
    assert.ok(keptBy.length > 0, `${id} is kept by nothing`);
    for (const { file, evidence } of keptBy)
      assert.equal(file.endsWith('.long.ts'), evidence !== undefined, `${id}: long ones have evidence, others none`);
  }
});

test('every complaint about time, colour, sound, containers and names is answered', () => {
  const answered = new Set(promises.flatMap(({ answers }) => answers));
  for (const number of answered) assert.ok(COMPLAINTS[number], `there is no complaint ${number}`);
  const due = [...Array.from({ length: 18 }, (_, i) => i + 1), 23];
  assert.deepEqual(
    due.filter((number) => !answered.has(number)),
    [],
  );
});

test('docs/guarantees.md is what --write writes, but for what was measured', () => {
  const lasting = (text: string) => text.split('\n').filter((line) => !line.startsWith(MEASURED));
  const written = readFileSync(join(root, 'docs', 'guarantees.md'), 'utf8');
  assert.deepEqual(lasting(written), lasting(documentOf(areas)), 'npm run guarantees -- --write');
});

test('a name is found as it is declared, and not otherwise', () => {
  const source = "test('it\\'s', () => {});\n  test(`${kind}: a ${x} b`, { skip }, f);\ntest(\n  \"two 'quotes'\", f);";
  for (const name of ["it's", "two 'quotes'", 'wav: a loud b']) assert.ok(declares(source, name), name);
  for (const name of ['it', 'wav: a loud c', "two 'quotes"]) assert.ok(!declares(source, name), name);
});

test('a promise is broken by a failure, a test that is gone, or a skip without a reason; a skip with one leaves it untried', () => {
  const file = 'test/guarantees/guarantees.test.ts';
  const name = 'a name is found as it is declared, and not otherwise';
  const promised = { id: 'x', says: 'X.', answers: [], keptBy: [{ file, name }] };
  const ended = (result: 'passed' | 'failed' | 'skipped', why?: string) => {
    const tests = [{ name, nesting: 0, result, ms: 1, figures: ['7 things'], ...(why !== undefined && { why }) }];
    const { kept, broken, tests: told } = judge(promised, 'fuzz', new Map([[file, tests]]));
    return [kept, broken, told[0]!.result];
  };
  assert.deepEqual(ended('passed'), [true, false, 'passed']);
  assert.deepEqual(ended('failed', 'no'), [false, true, 'failed']);
  assert.deepEqual(ended('skipped'), [false, true, 'skipped']);
  assert.deepEqual(ended('skipped', 'no clips'), [false, false, 'skipped']);
  for (const keptBy of [[], [{ file, name: 'not there' }], [{ file: 'test/none.test.ts' }], [{ file }]])
    assert.equal(judge({ ...promised, keptBy }, 'fuzz', new Map()).broken, true);
  assert.deepEqual(evidenceFigures({ worst: { ms: 3 }, date: 'd' }, 'at most {worst.ms} ms'), ['at most 3 ms']);
  assert.throws(() => evidenceFigures({}, '{gone}'), /gone/);
});
