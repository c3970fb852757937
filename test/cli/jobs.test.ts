import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Room, until } from '../core/jobs/support.ts';

const COMMAND = fileURLToPath(new URL('../../app/cli/inbetween.js', import.meta.url));

interface Said {
  status: number | null;
  out: string;
  err: string;
}

function command(room: Room, ...words: string[]): Promise<Said> {
  const child = spawn(process.execPath, [COMMAND, ...words], {
    env: { ...process.env, INBETWEEN_HOME: room.home.root },
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, out, err })));
}

test('jobs are listed and shown, for people and as one line of JSON', async () => {
  await using room = await Room.make();
  assert.deepEqual(await command(room, 'jobs'), { status: 0, out: 'No jobs yet.\n', err: '' });
  assert.equal(await room.start().exit, 0);
  const list = await command(room, 'jobs', 'list');
  assert.match(list.out, new RegExp(`^${room.id}  done +100 %  .*order.json -> .*out put.bin\n$`));
  const json = await command(room, 'jobs', 'list', '--json');
  assert.match(json.out, /^[^\n]+\n$/);
  assert.equal(JSON.parse(json.out).jobs[0].result.engine, 'count');
  const show = await command(room, 'jobs', 'show', room.id.slice(0, 4));
  assert.match(show.out, /Counting to 8\./);
  assert.equal(JSON.parse((await command(room, 'jobs', 'show', room.id, '--json')).out).state, 'done');
  // A library named on the command line is another one.
  assert.equal((await command(room, 'jobs', '--library', join(room.folder, 'other'))).out, 'No jobs yet.\n');
});

test('a running job is cancelled from another terminal', async () => {
  await using room = await Room.make({ chunks: 1000 });
  const run = room.start();
  await until(async () => (await readdir(room.home.chunks)).length > 0);
  const cancelled = await command(room, 'jobs', 'cancel', room.id, '--json');
  assert.equal(cancelled.status, 0, cancelled.err);
  assert.equal(JSON.parse(cancelled.out).state, 'cancelled');
  assert.equal(await run.exit, 130);
});

test('resume keeps what is done, and runs what is not', async () => {
  await using room = await Room.make();
  assert.equal(await room.start().exit, 0);
  const kept = await command(room, 'jobs', 'resume', room.id, '--json');
  assert.equal(kept.status, 0, kept.err);
  assert.equal(JSON.parse(kept.out).engine, 'count');
  // The product's own task runs now, and an order to count is no video.
  await rename(room.output, `${room.output}.kept`);
  const refused = await command(room, 'jobs', 'resume', room.id, '--json');
  assert.equal(refused.status, 3, refused.err);
  const { error } = JSON.parse(refused.out);
  const shown = JSON.parse((await command(room, 'jobs', 'show', room.id, '--json')).out);
  assert.equal(shown.state, 'failed');
  assert.equal(shown.error.code, error.code);
  assert.deepEqual(await readFile(`${room.output}.kept`), await room.expected());
});

test('wrong words and unknown jobs are told apart', async () => {
  await using room = await Room.make();
  for (const words of [['frob'], ['show'], ['list', 'abc'], ['show', 'a', 'b'], ['list', '--nonsense']]) {
    assert.equal((await command(room, 'jobs', ...words)).status, 2, words.join(' '));
  }
  const unknown = await command(room, 'jobs', 'show', 'abc');
  assert.equal(unknown.status, 3);
  assert.match(unknown.err, /^job-unknown: /);
});
