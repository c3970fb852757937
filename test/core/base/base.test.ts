import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { renameDurably } from '../../../app/core/base/durable.ts';
import { homeFolder, openHome } from '../../../app/core/base/home.ts';
import { canonicalJson, parseJson } from '../../../app/core/base/json.ts';
import { tailOf } from '../../../app/core/base/lines.ts';
import {
  liveness,
  processStart,
  processTag,
  tagLiveness,
  thisProcess,
} from '../../../app/core/base/process-identity.ts';
import { throttle } from '../../../app/core/base/throttle.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-base-'));
after(() => rm(folder, { recursive: true }));

test('the library lives where it is told to, else where the platform keeps data', () => {
  const at = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform, library?: string) =>
    homeFolder({ env, platform, library });
  assert.equal(at({ INBETWEEN_HOME: '/a' }, 'linux', 'b c'), resolve('b c'));
  assert.equal(at({ INBETWEEN_HOME: '/a', XDG_DATA_HOME: '/x' }, 'linux'), '/a');
  assert.equal(at({ INBETWEEN_HOME: '', XDG_DATA_HOME: '/x' }, 'linux'), '/x/inbetween');
  assert.match(at({ XDG_DATA_HOME: 'relative' }, 'linux'), /\/\.local\/share\/inbetween$/);
  assert.match(at({}, 'darwin'), /\/Library\/Application Support\/inbetween$/);
  assert.match(at({ LOCALAPPDATA: '/local' }, 'win32'), /^\/local.inbetween$/);
});

test('the library’s folders are made; a place that cannot be one is refused', async () => {
  const home = await openHome({ library: join(folder, 'new', 'library') });
  assert.ok((await stat(home.chunks)).isDirectory() && (await stat(home.scratch)).isDirectory());
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(openHome({ library: join(folder, 'file') }), {
    code: 'library-folder',
    message: /it is a file/,
  });
  await assert.rejects(openHome({ library: join(folder, 'file', 'below') }), { code: 'library-folder' });
  await assert.rejects(openHome({ library: '/proc/inbetween' }), { code: 'library-folder' });
  // Permissions do not bind the superuser.
  if (process.getuid?.() === 0) return;
  await chmod(home.root, 0o500);
  await assert.rejects(openHome({ library: home.root }), { code: 'library-folder' });
  await chmod(home.root, 0o700);
});

test('a process is known by its pid and its start', async () => {
  const self = thisProcess();
  assert.equal(liveness(self), 'alive');
  assert.equal(liveness({ ...self, start: 'another' }), 'dead');
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
  const start = processStart(child.pid ?? 0) ?? '';
  assert.notEqual(start, '');
  const identity = { pid: child.pid ?? 0, start, host: self.host };
  assert.equal(liveness(identity), 'alive');
  assert.equal(tagLiveness(processTag(identity)), 'alive');
  assert.equal(tagLiveness(processTag({ ...identity, start: 'another' })), 'dead');
  assert.equal(tagLiveness(processTag({ ...identity, host: 'another' })), 'elsewhere');
  child.kill('SIGKILL');
  await new Promise((done) => child.on('exit', done));
  assert.equal(liveness(identity), 'dead');
  assert.equal(tagLiveness(processTag(identity)), 'dead');
});

test('a zombie is dead', { skip: process.platform !== 'linux' && 'zombies are looked for in /proc' }, async () => {
  // The shell becomes a sleep that never waits for its child.
  const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = Number(await new Promise((done) => parent.stdout.once('data', (data: Buffer) => done(data.toString()))));
  let state = '';
  for (let i = 0; i < 100 && !state.includes(') Z '); i++) {
    state = await readFile(`/proc/${pid}/stat`, 'utf8');
    await sleep(10);
  }
  assert.match(state, /\) Z /);
  assert.equal(liveness({ pid, start: 'any' }), 'dead');
  parent.kill('SIGKILL');
});

test(
  'a process with a name made to confuse is read right',
  { skip: process.platform !== 'linux' && 'reads /proc' },
  async () => {
    const name = join(folder, 'a) Z 1 (b');
    spawnSync('cp', ['/bin/sleep', name]);
    const child = spawn(name, ['60']);
    assert.match(processStart(child.pid ?? 0) ?? '', /:\d+$/);
    child.kill('SIGKILL');
  },
);

test('a rename is done when it returns, and a missing file is an error', async () => {
  await writeFile(join(folder, 'from'), 'x');
  await renameDurably(join(folder, 'from'), join(folder, 'to'));
  assert.equal(await readFile(join(folder, 'to'), 'utf8'), 'x');
  await assert.rejects(renameDurably(join(folder, 'from'), join(folder, 'to')), { code: 'ENOENT' });
});

test('the tail keeps the last lines, whole, whatever ends them', async () => {
  const seen: string[] = [];
  const stream = Readable.from(['one\ntw', 'o\r\nthree\rfour\n\nfi', 've\nsix']);
  const tail = tailOf(stream, { count: 3, onLine: (line) => seen.push(line) > 5 });
  await new Promise((done) => stream.on('close', done));
  assert.deepEqual(tail, ['three', 'four', 'five']);
  assert.deepEqual(seen, ['one', 'two', 'three', 'four', 'five', 'six'], 'the sixth was seen, and taken');
  const endless = Readable.from([Buffer.alloc(3_000_000, 'x')]);
  const long = tailOf(endless);
  await new Promise((done) => endless.on('close', done));
  assert.ok((long[0]?.length ?? 0) <= 503);
});

test('a throttle passes the first at once, the last always, and few between', async () => {
  const got: number[] = [];
  const push = throttle<number>(50, (value) => got.push(value));
  const begun = performance.now();
  let sent = 0;
  while (performance.now() - begun < 220) {
    push(sent++);
    await sleep(2);
  }
  await sleep(80);
  assert.equal(got[0], 0);
  assert.equal(got.at(-1), sent - 1);
  assert.ok(got.length >= 3 && got.length <= 8, `${got.length} of ${sent}`);
  push(-1);
  push(-2);
  push.cancel();
  await sleep(70);
  assert.ok(!got.includes(-2));
});

test('JSON is the same text for equal values, and undefined when it is not what was asked for', () => {
  assert.equal(canonicalJson({ b: [{ d: 1, c: undefined }], a: null }), canonicalJson({ a: null, b: [{ d: 1 }] }));
  assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]));
  assert.equal(parseJson(z.string(), '{'), undefined);
  assert.equal(parseJson(z.string(), '1'), undefined);
  assert.equal(parseJson(z.string(), '"a"'), 'a');
});
