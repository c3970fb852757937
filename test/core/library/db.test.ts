import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { AppError } from '../../../app/contract/errors.ts';
import { openLibrary, type Library } from '../../../app/core/library/db.ts';
import { jobById, registerJob } from '../../../app/core/library/job-rows.ts';
import { MIGRATIONS } from '../../../app/core/library/migrations/index.ts';

const url = (name: string): string => new URL(`../../../app/core/library/${name}`, import.meta.url).href;

class Place implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'inbetween-db-'));
  readonly database = join(this.folder, 'library.db');
  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
  get aside(): string[] {
    return readdirSync(this.folder).filter((name) => name.includes('.damaged-') && !/-(wal|shm)$/.test(name));
  }
}

const addJob = (db: Library, id: string): void => registerJob(db, { id, hash: id, kind: 'retime', spec: '{}' });
const text = z.object({ value: z.string() });

test('migrations are numbered without a gap, and every table is strict', () => {
  assert.deepEqual(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, i) => i + 1),
  );
  using place = new Place();
  using db = openLibrary(place);
  const tables = db.all(
    z.object({ name: z.string(), strict: z.number() }),
    `SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
  );
  assert.ok(tables.length >= 6);
  for (const { name, strict } of tables) assert.equal(strict, 1, name);
});

test('what is committed is there for the next who opens it, and is as durable as SQLite can make it', () => {
  using place = new Place();
  {
    using db = openLibrary(place);
    addJob(db, 'a');
    const pragma = (name: string) =>
      Object.values(db.get(z.record(z.string(), z.unknown()), `SELECT * FROM pragma_${name}`) ?? {})[0];
    assert.equal(pragma('journal_mode'), 'wal');
    assert.equal(pragma('synchronous'), 2);
    assert.equal(pragma('foreign_keys'), 1);
    db.soft(() => assert.equal(pragma('synchronous'), 1));
    assert.equal(pragma('synchronous'), 2);
  }
  using again = openLibrary(place);
  assert.deepEqual(again.notices, []);
  assert.equal(jobById(again, 'a')?.state, 'waiting');
});

for (const { version } of MIGRATIONS.slice(0, -1)) {
  test(`a database of version ${version} is brought up to date with its rows`, () => {
    using place = new Place();
    {
      using old = openLibrary(place, { migrations: MIGRATIONS.slice(0, version) });
      assert.equal(old.version, version);
      addJob(old, 'kept');
    }
    using db = openLibrary(place);
    assert.equal(db.version, MIGRATIONS.length);
    assert.equal(jobById(db, 'kept')?.id, 'kept');
    assert.deepEqual(db.all(text, 'SELECT key AS value FROM chunks'), []);
  });
}

test('what showed HDR by another curve is made again, and nothing else', () => {
  using place = new Place();
  {
    using old = openLibrary(place, { migrations: MIGRATIONS.slice(0, 12) });
    for (const [id, hdr, proxy] of [
      ['sdr', 0, 'a-540-1.mp4'],
      ['old', 1, 'b-540-1.mp4'],
      ['new', 1, 'c-540-2.mp4'],
    ] as const) {
      old.run(
        `INSERT INTO clips (id, path, name, sort_name, search, state, named, bytes, mtime_ns, added_at, hdr, thumbs, thumb_state, proxy_state, proxy_path)
         VALUES (?, ?, '', '', '', 'ready', 0, 1, '0', 0, ?, 24, 'ready', 'ready', ?)`,
        ...[id, id, hdr, proxy],
      );
    }
  }
  using db = openLibrary(place);
  const value = "SELECT id || ' ' || thumb_state || ' ' || proxy_state AS value FROM clips ORDER BY number";
  assert.deepEqual(
    db.all(text, value).map((row) => row.value),
    ['sdr ready ready', 'old wanted unneeded', 'new wanted ready'],
  );
});

test('a step that fails leaves the database as it was', () => {
  using place = new Place();
  openLibrary(place).close();
  const bad = [
    ...MIGRATIONS,
    { version: MIGRATIONS.length + 1, sql: 'CREATE TABLE extra (a TEXT) STRICT; SELECT nonsense;' },
  ];
  assert.throws(() => openLibrary(place, { migrations: bad }), { code: 'database' });
  using db = openLibrary(place);
  assert.equal(db.version, MIGRATIONS.length);
  assert.deepEqual(db.all(text, `SELECT name AS value FROM sqlite_master WHERE name = 'extra'`), []);
});

test('a database of a newer version is refused and left alone', () => {
  using place = new Place();
  openLibrary(place, { migrations: [...MIGRATIONS, { version: MIGRATIONS.length + 1, sql: 'SELECT 1' }] }).close();
  const before = readFileSync(place.database);
  assert.throws(
    () => openLibrary(place),
    (error) => error instanceof AppError && error.code === 'database' && /newer Inbetween/.test(error.message),
  );
  assert.deepEqual(readFileSync(place.database), before);
  assert.deepEqual(place.aside, []);
});

test('a database of another program is refused and left alone', () => {
  using place = new Place();
  {
    using db = openLibrary(place, { migrations: [{ version: 1, sql: 'CREATE TABLE theirs (a TEXT) STRICT' }] });
    db.run('PRAGMA application_id = 7');
  }
  assert.throws(() => openLibrary(place), /another program/);
  assert.deepEqual(place.aside, []);
});

for (const [what, spoil] of [
  [
    'is no database at all',
    (path: string) => writeFileSync(path, 'This is not a database, but long enough to be one.'.repeat(100)),
  ],
  ['is cut off', (path: string) => truncateSync(path, 6000)],
] as const) {
  test(`a file that ${what} is kept aside, and a new library begun`, () => {
    using place = new Place();
    openLibrary(place).close();
    spoil(place.database);
    const spoiled = readFileSync(place.database);
    using db = openLibrary(place);
    assert.equal(place.aside.length, 1);
    assert.deepEqual(readFileSync(join(place.folder, place.aside[0] ?? '')), spoiled);
    assert.match(db.notices.join(), /was damaged; it is kept as .*\.damaged-/);
    addJob(db, 'new');
    using again = openLibrary(place);
    assert.deepEqual(again.notices, []);
  });
}

test('damage found in the middle of work is told, and repaired when the library is next opened', () => {
  using place = new Place();
  {
    using db = openLibrary(place);
    for (let i = 0; i < 2000; i++) addJob(db, `job${i}`);
  }
  // The schema and the first page of every table come first and stay sound, so the file opens; the rows are behind them.
  const file = openSync(place.database, 'r+');
  const pages = statSync(place.database).size / 4096;
  for (let page = Math.floor(0.8 * pages); page < pages; page++)
    writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
  closeSync(file);
  {
    using db = openLibrary(place);
    assert.throws(
      () => db.all(text, 'SELECT id AS value FROM jobs ORDER BY updated_at, spec_hash'),
      (error) => error instanceof AppError && error.code === 'database' && /damaged/.test(error.message),
    );
  }
  using db = openLibrary(place);
  assert.equal(place.aside.length, 1);
  assert.equal(db.notices.length, 1);
  assert.deepEqual(db.all(text, 'SELECT id AS value FROM jobs'), []);
});

test('a suspicion that proves wrong costs nothing', () => {
  using place = new Place();
  openLibrary(place).close();
  writeFileSync(`${place.database}.damaged`, '');
  using db = openLibrary(place);
  assert.deepEqual([db.notices, place.aside], [[], []]);
  assert.ok(!existsSync(`${place.database}.damaged`));
});

test('a row that is not of the expected shape is an error, not a value', () => {
  using place = new Place();
  using db = openLibrary(place);
  assert.throws(() => db.get(text, 'SELECT 1 AS value'), { code: 'database' });
});

test('a transaction that throws leaves no trace, and what it throws comes out', () => {
  using place = new Place();
  using db = openLibrary(place);
  const refusal = new AppError('job-busy', 'No.');
  const failing = () => {
    addJob(db, 'a');
    db.soft(() => addJob(db, 'b'));
    throw refusal;
  };
  assert.throws(() => db.write(failing), refusal);
  assert.throws(() => db.soft(failing), refusal);
  assert.deepEqual(db.all(text, 'SELECT id AS value FROM jobs'), []);
});

test(
  'several processes that make and use one library at once do not disturb each other',
  { timeout: 30_000 },
  async () => {
    using place = new Place();
    const script = `
    import { openLibrary } from '${url('db.ts')}';
    import { registerJob } from '${url('job-rows.ts')}';
    const db = openLibrary({ database: process.argv[1] });
    for (let i = 0; i < 50; i++) registerJob(db, { id: process.pid + '-' + i, hash: process.pid + '-' + i, kind: 'retime', spec: '{}' });
    db.close();`;
    const shell = `for i in 1 2 3 4; do "$0" --input-type=module -e "$1" "$2" & done; wait`;
    const run = spawnSync('sh', ['-c', shell, process.execPath, script, place.database], { encoding: 'utf8' });
    assert.equal(run.stderr, '');
    using db = openLibrary(place);
    assert.deepEqual(db.get(z.object({ n: z.number() }), 'SELECT count(*) AS n FROM jobs'), { n: 200 });
    assert.deepEqual(place.aside, []);
  },
);
