/** What the model manager's tests share: a network that is a plain fade, a server that lies, places of their own. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { AppError, type ErrorCode } from '../../../app/contract/errors.ts';
import type { CatalogueModel } from '../../../app/contract/models.ts';
import { layersOf, type SepconvConfig } from '../../../app/core/engines/sepconv/config.ts';
import type { Patience } from '../../../app/core/models/download.ts';
import type { InstallOptions } from '../../../app/core/models/install.ts';
import type { ModelPlaces } from '../../../app/core/nn/store.ts';
import { tempFolder } from '../../support/command.ts';
import { safetensorsBytes } from '../import/support.ts';

type Context = { after(hook: () => void | Promise<void>): void };

const SMALL: SepconvConfig = { variant: 'official', widths: [4, 8], kernel: 5, channels: 'bgr', pad: 128 };

/**
 * A SepConv of our own, with every weight zero but the last biases: they take the middle tap of each picture, so that the result is
 * `gain` times the two pictures faded into each other. `salt` makes files of other bytes of it.
 */
export function fadeNetwork({ gain = 1, salt = '' }: { gain?: number; salt?: string } = {}): Buffer {
  const header: Record<string, unknown> = salt === '' ? {} : { __metadata__: { salt } };
  const parts: Float32Array[] = [];
  let at = 0;
  const add = (name: string, shape: number[], data: Float32Array): void => {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
    parts.push(data);
  };
  for (const layer of layersOf(SMALL)) {
    add(`net${layer.name}.weight`, [layer.out, layer.in, 3, 3], new Float32Array(layer.out * layer.in * 9));
    const bias = new Float32Array(layer.out);
    if (/^Vertical\d\.7$/.test(layer.name)) bias[(SMALL.kernel - 1) / 2] = gain / 2;
    if (/^Horizontal\d\.7$/.test(layer.name)) bias[(SMALL.kernel - 1) / 2] = 1;
    add(`net${layer.name}.bias`, [layer.out], bias);
  }
  const bytes = Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)));
  return Buffer.from(safetensorsBytes(header, bytes));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function gitBlobSha1(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Empty places that are gone when the test is. */
export function emptyPlaces(context: Context): ModelPlaces {
  const root = tempFolder(context);
  const places = { models: join(root, 'models'), embedded: join(root, 'embedded') };
  mkdirSync(places.models);
  mkdirSync(places.embedded);
  return places;
}

/** How long a lying server waits before it hangs up, so that what it sent has been written on a busy machine too; milliseconds. */
export const PAUSE = 200;

/** Tries twice; waits long enough for a machine that is busy with other tests. */
const PATIENCE: Patience = { stallMs: 10_000, attempts: 2, backoffMs: 1 };

/** For servers that fall silent: nobody waits for them longer than a test has to. */
export const HASTE: Patience = { ...PATIENCE, stallMs: 400 };

export function hasty(places: ModelPlaces, more: Partial<InstallOptions> = {}): InstallOptions {
  return { places, threads: 1, device: 'cpu', patience: PATIENCE, env: {}, ...more };
}

/** A catalogue entry of one file, `bytes`, at `address`. */
export function entryOf(bytes: Uint8Array, addresses: string[], more: Partial<CatalogueModel> = {}): CatalogueModel {
  const file = { name: 'net.safetensors', gitBlobSha1: gitBlobSha1(bytes), addresses };
  return {
    id: 'fade',
    family: 'sepconv',
    name: 'A fade',
    licence: 'MIT',
    terms: 'open',
    source: 'a test',
    entry: 'net.safetensors',
    files: [file],
    ...more,
  };
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on this machine; gives its origin and the Range headers it was sent ('' for none). */
export async function serve(context: Context, handler: Handler): Promise<{ origin: string; ranges: string[] }> {
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range ?? '');
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ranges };
}

/** Serves `bytes` as a good server does: ranges, If-Range against `etag`. */
export function good(bytes: Buffer, etag?: string): Handler {
  return ({ headers }, response) => {
    const tag = etag === undefined ? {} : { etag };
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? Number.NaN);
    const fresh = headers['if-range'] === undefined || headers['if-range'] === etag;
    if (Number.isNaN(from) || !fresh) {
      response.writeHead(200, { 'content-length': bytes.length, ...tag }).end(bytes);
    } else if (from >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    } else {
      const part = bytes.subarray(from);
      const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(206, { 'content-length': part.length, 'content-range': range, ...tag }).end(part);
    }
  };
}

/** Promises all of `bytes` and hangs up after `count` of them. */
export function cut(bytes: Buffer, count: number, etag?: string): Handler {
  return (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length, ...(etag === undefined ? {} : { etag }) });
    response.write(bytes.subarray(0, count), () => setTimeout(() => response.destroy(), PAUSE));
  };
}

export async function refusedWith(work: Promise<unknown>, code: ErrorCode, said: RegExp): Promise<AppError> {
  let caught: unknown;
  await assert.rejects(work, (error: unknown) => {
    caught = error;
    return true;
  });
  assert.ok(caught instanceof AppError, String((caught as Error)?.stack ?? caught));
  assert.equal(caught.code, code, caught.message);
  assert.match(caught.message, said);
  return caught;
}

/** Names below the models' folder, but for folders that are empty. */
export function leftIn(places: ModelPlaces): string[] {
  if (!existsSync(places.models)) return [];
  const names = readdirSync(places.models, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(places.models, name)).isFile()).toSorted();
}

/** Bytes of the one partial download that is left; 0 when there is none. Fails when anything else is left. */
export function leftPartial(places: ModelPlaces): number {
  const left = leftIn(places);
  for (const name of left) assert.match(name, /^partial\/[0-9a-f]+\.free-[0-9a-f]+\/(data|state\.json)$/);
  const data = left.filter((name) => name.endsWith('data'));
  assert.ok(data.length <= 1, left.join());
  return data.length === 0 ? 0 : statSync(join(places.models, data[0]!)).size;
}
