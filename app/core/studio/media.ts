/**
 * Pictures, films and sound for the renderer.
 *
 * [Note: media paths] What is too large for messages is fetched below `AppInfo.media`: in a window by the scheme `inbetween-media:`, in a page
 * from the server that gave the page. Both hand a web Request to `respond` and pass its Response on. A path never names a file: it names a clip, a
 * chunk, a sound by its id, and the library says where that is. So there is nothing to traverse.
 *
 *   clip/ID/source   the clip's own file            clip/ID/proxy    its proxy, one frame for each of the source's, from time 0
 *   clip/ID/thumb    a JPEG                         clip/ID/sprite   JPEG of `thumbs` pictures side by side, for hover scrubbing
 *   clip/ID/peaks    the waveform: Int8 min, max pairs, 100 pairs a second, channels mixed
 *   chunk/KEY        a chunk of the store (MP4)     sound/KEY        a clip's retimed sound (WAV)
 *   frame/KEY        a picture made for comparing   pair/ID/first|middle|last|film   between two photos
 *   job/ID/output    the file a job has written     board/still/KEY  a keyframe of a board, fitted to its film
 *   board/take/KEY/N picture N of a take of a gap           mask/ID          a painted mask, a grey PNG
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** Answers a path's segments after the first; undefined where there is nothing. */
export type MediaRoute = (segments: readonly string[], request: Request) => Promise<Response | undefined>;

/** By first segment. */
export type MediaRoutes = Readonly<Record<string, MediaRoute>>;

const NOT_THERE = { status: 404, headers: { 'content-type': 'text/plain', 'cache-control': 'no-store' } };

/** Serves `path`, the part of the address below `AppInfo.media`. Never throws. */
export async function respond(routes: MediaRoutes, path: string, request: Request): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return new Response('Only GET.', { status: 405 });
  const segments = path.split('/');
  // Ids and keys are plain words; anything else was not made by our renderer.
  if (segments.length > 4 || !segments.every((segment) => /^[A-Za-z0-9_-]{1,128}$/.test(segment))) {
    return new Response('There is no such thing.', NOT_THERE);
  }
  try {
    const [first, ...rest] = segments;
    const route = Object.hasOwn(routes, first!) ? routes[first!] : undefined;
    return (await route?.(rest, request)) ?? new Response('There is no such thing.', NOT_THERE);
  } catch {
    return new Response('It cannot be read.', NOT_THERE);
  }
}

/** A file, or the range of it that was asked for. `immutable` where the same path always gives the same bytes. */
export async function fileResponse(
  path: string,
  type: string,
  request: Request,
  { immutable = false }: { immutable?: boolean } = {},
): Promise<Response | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const headers = {
    'content-type': type,
    'accept-ranges': 'bytes',
    'cache-control': immutable ? 'private, max-age=31536000, immutable' : 'no-cache',
    etag: `"${found.size}-${Math.round(found.mtimeMs)}"`,
    'x-content-type-options': 'nosniff',
  };
  const asked = request.headers.get('range');
  const range = asked === null ? undefined : rangeOf(asked, found.size);
  if (range === null) {
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${found.size}` } });
  }
  const [start, end] = range ?? [0, found.size - 1];
  const length = String(Math.max(0, end - start + 1));
  const body = request.method === 'HEAD' || found.size === 0 ? null : stream(path, start, end);
  if (range === undefined) return new Response(body, { headers: { ...headers, 'content-length': length } });
  return new Response(body, {
    status: 206,
    headers: { ...headers, 'content-length': length, 'content-range': `bytes ${start}-${end}/${found.size}` },
  });
}

function stream(path: string, start: number, end: number): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(path, { start, end })) as ReadableStream<Uint8Array>;
}

/** First and last byte of a Range header with one range (RFC 9110, 14.1.2); undefined for one to be ignored, null for one that cannot be met. */
export function rangeOf(header: string, size: number): [number, number] | null | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') {
    const last = Number(match[2]);
    return last === 0 || size === 0 ? null : [Math.max(0, size - last), size - 1];
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]));
  if (start >= size) return null;
  return end < start ? undefined : [start, end];
}
