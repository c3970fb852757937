/** A process that may start none asks its parent: both halves over a channel of memory, real processes behind. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ProcessExit } from '../../../app/core/base/node-process.ts';
import type { ParentPort } from '../../../app/core/base/parent-port.ts';
import { processesOfParent, serveProcesses } from '../../../app/core/base/asked-process.ts';
import { tempFolder } from '../../support/command.ts';

/** The two ends; messages are clones, as between processes. */
function joined(job: string) {
  let toWorker: (message: unknown) => void = () => {};
  const parent = serveProcesses(job, (message) => toWorker(structuredClone(message)));
  const others: unknown[] = [];
  const port: ParentPort = {
    post: async (message) => void parent.hear(structuredClone(message)),
    onMessage: (listener) => void (toWorker = listener),
    onClose: () => {},
  };
  const asked = processesOfParent(port);
  asked.port.onMessage((message) => others.push(message));
  return { parent, asked, others, send: (message: unknown) => toWorker(message) };
}

test('arguments, output, the last words and the exit of an asked process', async (t) => {
  const entry = join(tempFolder(t), 'entry.mjs');
  writeFileSync(
    entry,
    `process.stderr.write('a word\\n'); process.stdout.write(process.argv[2] + process.env.INBETWEEN_JOB, () => process.exit(3));`,
  );
  const { asked } = joined('job7');
  const exit = Promise.withResolvers<ProcessExit>();
  let text = '';
  let pid = 0;
  const child = asked.starter(entry, { args: ['über '], onExit: exit.resolve, onSpawn: (id) => (pid = id) });
  child.stdout!.setEncoding('utf8').on('data', (part: string) => (text += part));
  const said = child.stderr!.setEncoding('utf8').toArray();
  assert.deepEqual(await exit.promise, { code: 3, signal: null });
  assert.equal(text, 'über job7');
  assert.equal((await said).join(''), 'a word\n');
  assert.ok(pid > 0);
});

test('an asked process is killed on request, and when its worker is gone', async (t) => {
  const entry = join(tempFolder(t), 'entry.mjs');
  writeFileSync(entry, 'setInterval(() => {}, 1000);');
  const { asked, parent } = joined('job8');
  for (const kill of [(child: { kill(s: NodeJS.Signals): void }) => child.kill('SIGKILL'), () => parent.end()]) {
    const exit = Promise.withResolvers<ProcessExit>();
    const child = asked.starter(entry, { onExit: exit.resolve, onSpawn: () => kill(child) });
    child.stdout!.resume();
    child.stderr!.resume();
    assert.equal((await exit.promise).signal, 'SIGKILL');
  }
});

test('other messages pass by', () => {
  const { parent, others, send } = joined('job9');
  assert.equal(parent.hear({ type: 'done' }), false);
  send({ type: 'cancel' });
  assert.deepEqual(others, [{ type: 'cancel' }]);
});
