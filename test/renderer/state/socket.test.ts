import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { openSocket } from '../../../app/renderer/state/socket.ts';

/** A core that answers with what it was asked, and says 'notice' to whoever comes. */
async function serve(port: number): Promise<{ port: number; close(): Promise<void> }> {
  const server = new WebSocketServer({ port, host: '127.0.0.1' });
  server.on('connection', (page) => {
    page.send(JSON.stringify({ topic: 'notice', payload: 'here' }));
    page.on('message', (data) => {
      const { id, method, params } = JSON.parse(String(data)) as { id: number; method: string; params: unknown };
      if (method !== 'silence') page.send(JSON.stringify({ id, answer: { ok: true, result: [method, params] } }));
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const page of server.clients) page.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('calls wait for the first connection; a lost one fails what waits, and comes back by itself', async (t) => {
  let core = await serve(0);
  const closing = new AbortController();
  const socket = openSocket(new URL(`ws://127.0.0.1:${core.port}/api`), closing.signal);
  t.after(async () => {
    closing.abort();
    await core.close();
  });
  const heard: unknown[] = [];
  const seen: boolean[] = [];
  socket.listen((topic, payload) => heard.push([topic, payload]));
  socket.watch((connected) => seen.push(connected));
  assert.deepEqual(await socket.invoke('a', { x: 1 }), { ok: true, result: ['a', { x: 1 }] });
  const unanswered = socket.invoke('silence', {});
  unanswered.catch(() => {});
  await core.close();
  await assert.rejects(unanswered, { code: 'connection-lost' });
  await assert.rejects(socket.invoke('b', {}), { code: 'connection-lost' });
  core = await serve(core.port);
  const back = Promise.withResolvers<void>();
  socket.watch((connected) => connected && back.resolve());
  await back.promise;
  assert.deepEqual(await socket.invoke('c', null), { ok: true, result: ['c', null] });
  assert.deepEqual(seen, [false, true, false, true]);
  assert.deepEqual(heard, [
    ['notice', 'here'],
    ['notice', 'here'],
  ]);
});
