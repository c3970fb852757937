/** The studio in a browser: the renderer's files, the Api over a WebSocket, media, and dropped files. [Note: local server] */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../contract/errors.ts';
import { isErrno } from '../base/durable.ts';
import { contentPolicy, safeHeaders } from '../studio/content-policy.ts';
import { fileResponse } from '../studio/media.ts';
import type { Studio } from '../studio/open.ts';
import { rendererFiles } from '../studio/renderer-files.ts';
import { Guard } from './guard.ts';
import { hostNames } from './host-names.ts';
import { serveMessages } from './messages.ts';
import { receiveUpload } from './upload.ts';

export interface ServeOptions {
  readonly studio: Studio;
  /** Folder of the built renderer. */
  readonly renderer: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Default: loopback only. */
  readonly host?: string;
}

export interface RunningServer extends AsyncDisposable {
  /** What to open: it holds the token. */
  readonly url: string;
  readonly port: number;
}

/** Where the parts are. */
export const MEDIA = '/media/';
export const UPLOAD = '/upload';
const API = '/api';

/** Starts serving. Throws 'not-found' (renderer not built) and 'usage' (the port or address cannot be had). */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { studio, host = '127.0.0.1' } = options;
  const files = await rendererFiles(options.renderer);
  const headers = safeHeaders(contentPolicy());
  const server = createServer({ requestTimeout: 0 });
  const port = await listen(server, options.port, host);
  const guard = new Guard(hostNames(host, port), port);

  const page = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const token = url.searchParams.get('token');
    if (url.pathname === '/' && token !== null) {
      const refused = guard.refusal(request, { visit: true }) ?? (guard.isToken(token) ? undefined : 'wrong token');
      if (refused !== undefined) return refuse(response, refused);
      response.writeHead(303, { ...headers, location: '/', 'set-cookie': guard.cookie(), 'cache-control': 'no-store' });
      response.end();
      return;
    }
    const upload = url.pathname === UPLOAD;
    const refused = guard.refusal(request, { needsOrigin: upload });
    if (refused !== undefined) return refuse(response, refused);
    if (upload) return await receiveUpload(studio.home, request, response, url.searchParams.get('name') ?? '');
    if (url.pathname.startsWith(MEDIA)) {
      return await answer(response, await studio.media(url.pathname.slice(MEDIA.length), webRequest(request, url)));
    }
    const file = files.get(url.pathname);
    const found = file && (await fileResponse(file.path, file.type, webRequest(request, url), file));
    if (!found) return refuse(response, 'nothing there', 404);
    for (const [name, value] of Object.entries(headers)) found.headers.set(name, value);
    await answer(response, found);
  };

  server.on('request', (request, response) => {
    const url = addressOf(request);
    const done = url ? page(request, response, url) : Promise.resolve(refuse(response, 'no address', 400));
    done.catch(() => {
      if (!response.headersSent) refuse(response, 'failed', 500);
      else response.destroy();
    });
  });
  const endMessages = serveMessages(server, {
    studio,
    refusal: (request) =>
      addressOf(request)?.pathname === API ? guard.refusal(request, { needsOrigin: true }) : 'nothing there',
  });
  const shown = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
  return {
    port,
    url: `http://${shown}:${port}/?token=${guard.token}`,
    async [Symbol.asyncDispose]() {
      endMessages();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listen(server: ReturnType<typeof createServer>, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const why = isErrno(cause, 'EADDRINUSE') ? 'it is in use' : cause.message;
      reject(
        new AppError('usage', `Cannot listen on ${host}:${port}: ${why}; --port N takes another, --port 0 any.`, {
          cause,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** The address asked for, undefined when it is none. The host in it means nothing: the guard looks at the header. */
function addressOf(request: IncomingMessage): URL | undefined {
  const target = request.url ?? '';
  return target.startsWith('/') && URL.canParse(`http://localhost${target}`)
    ? new URL(`http://localhost${target}`)
    : undefined;
}

function webRequest(request: IncomingMessage, url: URL): Request {
  const { range } = request.headers;
  const method = request.method === 'GET' || request.method === 'HEAD' ? request.method : 'POST';
  return new Request(url, { method, ...(range === undefined ? {} : { headers: { range } }) });
}

async function answer(response: ServerResponse, found: Response): Promise<void> {
  response.writeHead(found.status, Object.fromEntries(found.headers));
  if (!found.body) {
    response.end();
    return;
  }
  // The page may go away in the middle of a film: no error of ours.
  await pipeline(Readable.fromWeb(found.body as import('node:stream/web').ReadableStream), response).catch(() => {});
}

function refuse(response: ServerResponse, why: string, status = 403): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(
    status === 403
      ? `Refused (${why}). Open the address that inbetween serve printed; it holds a token.\n`
      : `Not here (${why}).\n`,
  );
}
