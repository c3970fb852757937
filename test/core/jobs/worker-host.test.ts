import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { JobEvent } from '../../../app/contract/jobs.ts';
import { thisProcess } from '../../../app/core/base/process-identity.ts';
import type { RunMessage } from '../../../app/core/jobs/messages.ts';
import { partPath, prepareJob } from '../../../app/core/jobs/spec.ts';
import { serveJob } from '../../../app/core/jobs/worker-host.ts';
import { identify } from '../../../app/core/library/file-identity.ts';
import { registerJob } from '../../../app/core/library/job-rows.ts';
import { endLease, takeLease } from '../../../app/core/library/leases.ts';
import { Room, TASKS_URL, until } from './support.ts';

/** A worker on another transport than fork's: structured clones over a message port, as in an Electron utility process. */
function serve(): { events: JobEvent[]; ends: string[]; order(message: unknown): void; close(): void } {
  const { port1, port2 } = new MessageChannel();
  const events: JobEvent[] = [];
  const ends: string[] = [];
  port1.on('message', (event: JobEvent) => events.push(event));
  const port = {
    post: async (message: JobEvent) => port2.postMessage(message),
    onMessage: (listener: (message: unknown) => void) => void port2.on('message', listener),
    onClose: (listener: () => void) => void port2.on('close', listener),
  };
  serveJob(port, { end: () => ends.push('end'), die: () => ends.push('die') });
  return { events, ends, order: (message) => port1.postMessage(message), close: () => port1.close() };
}

async function orderFor(room: Room): Promise<RunMessage> {
  const { id, hash, spec } = prepareJob(room.spec());
  const sources = [await identify(room.input)];
  registerJob(room.db, { id, hash, kind: spec.kind, spec: JSON.stringify(spec) });
  takeLease(room.db, id, { token: 'token', self: thisProcess(), spec: '{}', source: '{}', seen: 0 });
  return {
    type: 'run',
    id,
    token: 'token',
    spec,
    sources,
    home: room.home.root,
    scratch: join(room.home.scratch, id, 'token'),
    part: partPath(id, spec.output, 'token'),
    threads: 1,
    cacheBytes: 1e9,
    tasks: TASKS_URL,
  };
}

test('the worker’s side runs on any port', async () => {
  await using room = await Room.make();
  const worker = serve();
  worker.order(await orderFor(room));
  await until(() => worker.ends.length > 0 && worker.events.at(-1)?.type === 'done');
  assert.deepEqual(worker.ends, ['end']);
  assert.ok(worker.events.some((event) => event.type === 'progress' && event.fraction === 1));
  assert.deepEqual(await readFile(room.output), await room.expected());
  worker.close();
  await until(() => worker.ends.length > 1);
  assert.deepEqual(worker.ends, ['end', 'die']);
});

test('without the lease nothing is published', async () => {
  await using room = await Room.make({ chunks: 2 });
  const order = await orderFor(room);
  endLease(room.db, order.id, 'token', { state: 'failed' });
  const worker = serve();
  worker.order(order);
  await until(() => worker.ends.length > 0 && worker.events.at(-1)?.type === 'failed');
  const last = worker.events.at(-1);
  assert.equal(last?.type === 'failed' && last.error.code, 'job-busy');
  await assert.rejects(readFile(room.output), { code: 'ENOENT' });
  worker.close();
});

test('an order that is not understood is answered, not obeyed', async () => {
  const worker = serve();
  worker.order({ type: 'run', id: 7 });
  await until(() => worker.ends.length > 0 && worker.events.length > 0);
  assert.equal(worker.events[0]?.type, 'failed');
  worker.close();
});
