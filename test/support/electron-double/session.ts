/** session.defaultSession and protocol: schemes are served over HTTP on the loopback interface. [Note: Electron double] */
import type { CustomScheme } from 'electron';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Addresses } from './addresses.ts';
import { app } from './app.ts';

type SchemeHandler = (request: Request) => Response | Promise<Response>;
type Cancel = (details: { url: string }, done: (answer: { cancel?: boolean }) => void) => void;

const registered = new Map<string, CustomScheme>();
const handlers = new Map<string, SchemeHandler>();
let beforeRequest: Cancel | undefined;

const server = createServer((request, response) => void serve(request, response));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
server.unref();
const addresses = new Addresses((server.address() as AddressInfo).port);

export function addressesNow(): Addresses {
  return addresses;
}

export const protocol = {
  registerSchemesAsPrivileged(schemes: CustomScheme[]): void {
    if (app.isReadyNow) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    for (const scheme of schemes) registered.set(scheme.scheme, scheme);
  },
  handle(scheme: string, handler: SchemeHandler): void {
    if (!registered.get(scheme)?.privileges?.standard) throw new Error(`${scheme} was not registered as standard`);
    handlers.set(scheme, handler);
  },
};

class DoubleSession extends EventEmitter {
  readonly protocol = protocol;
  readonly webRequest = { onBeforeRequest: (listener: Cancel): void => void (beforeRequest = listener) };
  /** Kept for tests to ask. */
  permissionRequest: unknown;
  permissionCheck: unknown;

  setPermissionRequestHandler(handler: unknown): void {
    this.permissionRequest = handler;
  }

  setPermissionCheckHandler(handler: unknown): void {
    this.permissionCheck = handler;
  }

  setDevicePermissionHandler(): void {}
}

export const session = { defaultSession: new DoubleSession() };

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const [, host, scheme] = /^([a-z]+)\.([a-z-]+)\.localhost:\d+$/.exec(request.headers.host ?? '') ?? [];
    const handler = handlers.get(scheme ?? '');
    const url = `${scheme}://${host}${request.url}`;
    const cancelled = await new Promise<boolean>((resolve) => {
      if (!beforeRequest) resolve(false);
      else beforeRequest({ url }, ({ cancel = false }) => resolve(cancel));
    });
    if (!handler || cancelled) {
      response.destroy();
      return;
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const { range } = request.headers;
    const asked = new Request(url, {
      method: request.method ?? 'GET',
      signal: gone.signal,
      ...(range === undefined ? {} : { headers: { range } }),
    });
    await answer(response, await handler(asked), originGiven(request), scheme!);
  } catch (error) {
    // As a handler that throws is in Electron: net::ERR_UNEXPECTED.
    if (!response.headersSent) console.error(error);
    response.destroy();
  }
}

function originGiven(request: IncomingMessage): string | undefined {
  return request.headers.origin;
}

async function answer(
  response: ServerResponse,
  found: Response,
  origin: string | undefined,
  scheme: string,
): Promise<void> {
  const headers: Record<string, string> = {};
  for (const [name, value] of found.headers) headers[name] = addresses.outward(addresses.policy(value));
  // Without `corsEnabled` a scheme cannot be fetched from another origin, whatever it answers.
  if (origin !== undefined && registered.get(scheme)?.privileges?.corsEnabled !== true) {
    delete headers['access-control-allow-origin'];
  }
  if (/^text\/html\b/.test(headers['content-type'] ?? '')) {
    // A page may hold a policy of its own.
    const text = addresses.policy(await found.text());
    response.writeHead(found.status, { ...headers, 'content-length': String(Buffer.byteLength(text)) });
    response.end(text);
    return;
  }
  if (found.headers.get('content-type')?.startsWith('text/html')) {
    // A page may hold a policy of its own.
    delete headers['content-length'];
    response.writeHead(found.status, headers).end(addresses.policy(await found.text()));
    return;
  }
  response.writeHead(found.status, headers);
  if (!found.body) {
    response.end();
    return;
  }
  await pipeline(Readable.fromWeb(found.body as import('node:stream/web').ReadableStream), response).catch(() => {});
}
