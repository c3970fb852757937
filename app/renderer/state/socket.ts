/** The Api over a WebSocket: {id, method, params} out, {id, answer} and {topic, payload} in. It comes back by itself when it was lost. */
import type { Answer, Transport } from '../../contract/api.ts';
import { AppError } from '../../contract/errors.ts';

export interface SocketTransport extends Transport {
  /** Told now and at every change. */
  watch(listener: (connected: boolean) => void): void;
}

/** Milliseconds before the first and the slowest attempt to come back. */
const FIRST_MS = 250;
const SLOWEST_MS = 5000;

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: AppError): void;
}

/** Calls made before the first connection wait for it; calls made, or unanswered, while it is lost throw 'connection-lost'. Ends with the signal. */
export function openSocket(address: URL, signal?: AbortSignal): SocketTransport {
  const waiting = new Map<number, Waiting>();
  const listeners = new Set<(topic: string, payload: unknown) => void>();
  const watchers = new Set<(connected: boolean) => void>();
  const early: string[] = [];
  let socket: WebSocket;
  let next = 1;
  let delay = FIRST_MS;
  let connected = false;
  let everConnected = false;

  const change = (now: boolean): void => {
    if (connected === now) return;
    connected = now;
    for (const watcher of watchers) watcher(now);
  };
  const hear = (text: string): void => {
    const message = JSON.parse(text) as { id: number; answer: Answer } | { topic: string; payload: unknown };
    if ('topic' in message) {
      for (const listener of listeners) listener(message.topic, message.payload);
      return;
    }
    waiting.get(message.id)?.resolve(message.answer);
    waiting.delete(message.id);
  };
  const connect = (): void => {
    socket = new WebSocket(address);
    socket.addEventListener('open', () => {
      delay = FIRST_MS;
      everConnected = true;
      for (const message of early.splice(0)) socket.send(message);
      change(true);
    });
    socket.addEventListener('message', ({ data }) => hear(String(data)));
    socket.addEventListener('close', () => {
      change(false);
      if (everConnected) {
        for (const { reject } of waiting.values()) reject(lost());
        waiting.clear();
      }
      if (signal?.aborted) return;
      setTimeout(connect, delay);
      delay = Math.min(SLOWEST_MS, delay * 2);
    });
  };
  connect();
  signal?.addEventListener('abort', () => socket.close());

  return {
    invoke: (method, params) =>
      new Promise((resolve, reject) => {
        if (everConnected && !connected) {
          reject(lost());
          return;
        }
        const id = next++;
        waiting.set(id, { resolve, reject });
        const message = JSON.stringify({ id, method, params });
        if (connected) socket.send(message);
        else early.push(message);
      }),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    watch(listener) {
      watchers.add(listener);
      listener(connected);
    },
  };
}

function lost(): AppError {
  return new AppError('connection-lost', 'The connection to Inbetween was lost; it is being tried again.');
}
