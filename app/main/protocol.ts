/**
 * The two schemes a window may load from.
 *
 * [Note: own schemes] inbetween://app/ is the built renderer: a fixed list of files, read when the app starts, so no address can name another one.
 * inbetween-media://studio/ is what the core serves by id ([Note: media paths]). Both are standard and secure, with origins of their own; neither is privileged to
 * bypass the Content-Security-Policy. file: is not used at all, and requests of the session's pages to anything else are cancelled, were the policy ever to let one through.
 */
import { protocol, type Session } from 'electron';
import { contentPolicy, safeHeaders } from '../core/studio/content-policy.ts';
import { fileResponse } from '../core/studio/media.ts';
import type { Studio } from '../core/studio/open.ts';
import { rendererFiles } from '../core/studio/renderer-files.ts';
import { APP_ORIGIN, APP_SCHEME, MEDIA_ROOT, MEDIA_SCHEME } from './channels.ts';

/** Before the app is ready. */
export function registerSchemes(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true };
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { ...privileges, codeCache: true } },
    { scheme: MEDIA_SCHEME, privileges: { ...privileges, corsEnabled: true, stream: true } },
  ]);
}

/** Throws 'not-found' where the renderer was not built. */
export async function serveSchemes(session: Session, studio: Pick<Studio, 'media'>, renderer: string): Promise<void> {
  const files = await rendererFiles(renderer);
  const headers = safeHeaders(contentPolicy([`${MEDIA_SCHEME}:`]));
  session.protocol.handle(APP_SCHEME, async (request) => {
    const path = addressBelow(request.url, `${APP_ORIGIN}/`);
    const file = path === undefined ? undefined : files.get(`/${path}`);
    const found = file && isRead(request) && (await fileResponse(file.path, file.type, request, file));
    if (!found) return new Response('Not here.', { status: 404, headers });
    for (const [name, value] of Object.entries(headers)) found.headers.set(name, value);
    return found;
  });
  session.protocol.handle(MEDIA_SCHEME, async (request) => {
    const path = addressBelow(request.url, MEDIA_ROOT);
    if (path === undefined) return new Response('Not here.', { status: 404 });
    const found = await studio.media(path, request);
    // Pages of ours may read what they show: pictures into a canvas, films into WebCodecs.
    found.headers.set('access-control-allow-origin', APP_ORIGIN);
    found.headers.set('access-control-expose-headers', 'content-range, content-length, accept-ranges');
    found.headers.set('x-content-type-options', 'nosniff');
    return found;
  });
  session.webRequest.onBeforeRequest((details, done) => done({ cancel: !isOwn(details.url) }));
}

/** The path below `root` as it was written, without query: nothing is decoded, so an encoded dot or slash is a name that is not on the list. */
export function addressBelow(url: string, root: string): string | undefined {
  const plain = url.split(/[?#]/, 1)[0]!;
  return plain.startsWith(root) ? plain.slice(root.length) : undefined;
}

function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Addresses a window may ask for: our two schemes, what a page makes itself, and the inspector's own files. */
export function isOwn(url: string): boolean {
  return [`${APP_ORIGIN}/`, MEDIA_ROOT, 'blob:', 'data:', 'devtools:'].some((start) => url.startsWith(start));
}
