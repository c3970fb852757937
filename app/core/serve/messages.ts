/** The Api over WebSockets: {id, method, params} in, {id, answer} out, and {topic, payload} pushed to every page. */
import type { IncomingMessage, Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import type { Studio } from '../studio/open.ts';

/** A project of a hundred thousand edits fits; more is no message of our renderer. */
const MOST_BYTES = 64 * 2 ** 20;
/** A page that does not read is dropped before it fills our memory. */
const MOST_WAITING = 256 * 2 ** 20;
/** Milliseconds between two signs of life. */
const PING_MS = 30_000;

const messageSchema = z.object({ id: z.number(), method: z.string(), params: z.unknown() });

export interface MessagesOptions {
  readonly studio: Studio;
  /** Why a page may not connect, or undefined. */
  readonly refusal: (request: IncomingMessage) => string | undefined;
}

/** Takes over a server's upgrades; returns what ends it. */
export function serveMessages(server: Server, { studio, refusal }: MessagesOptions): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES, clientTracking: true });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    if (refusal(request) !== undefined) {
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (page) => servePage(page, studio));
  });
  const pings = setInterval(() => {
    for (const page of sockets.clients) page.ping();
  }, PING_MS);
  return () => {
    clearInterval(pings);
    for (const page of sockets.clients) page.terminate();
    sockets.close();
  };
}

function servePage(page: WebSocket, studio: Studio): void {
  const gone = new AbortController();
  const send = (message: unknown): void => {
    if (page.readyState !== page.OPEN) return;
    if (page.bufferedAmount > MOST_WAITING) page.terminate();
    else page.send(JSON.stringify(message));
  };
  const unlisten = studio.topics.listen((topic, payload) => send({ topic, payload }));
  page.on('error', () => page.terminate());
  page.on('close', () => {
    unlisten();
    gone.abort();
  });
  page.on('message', (data, binary) => {
    const message = binary ? undefined : parse(String(data));
    if (message === undefined) {
      page.close(1008, 'Not a message of Inbetween.');
      return;
    }
    void studio
      .invoke(message.method, message.params, { signal: gone.signal })
      .then((answer) => send({ id: message.id, answer }));
  });
}

function parse(text: string): z.infer<typeof messageSchema> | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
