/** A file that was dropped on a page: its bytes are kept in the library's own folder, under the name it had. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { toAppError } from '../../contract/errors.ts';
import { asDiskFull, makeFolder, renameDurably } from '../base/durable.ts';
import { uploadsFolder } from '../base/home.ts';

/** Answers {path}; on failure {error} and nothing is left. */
export async function receiveUpload(
  home: string,
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST' }).end();
    return;
  }
  const folder = join(uploadsFolder({ root: home }), randomBytes(8).toString('hex'));
  const path = join(folder, safeName(name));
  try {
    await makeFolder(folder);
    await pipeline(request, createWriteStream(`${path}.part`, { flags: 'wx' }));
    await renameDurably(`${path}.part`, path);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ path }));
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    const { code, message } = toAppError(asDiskFull(thrown, folder));
    if (!response.destroyed) {
      response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { code, message } }));
    }
  }
}

/** The last part of a name without what file systems and shells stumble over, at most 150 characters, never hidden or empty. */
export function safeName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const clean = [...last].map((sign) => (sign < ' ' || '<>:"|?*'.includes(sign) ? '_' : sign)).join('');
  const shown = clean.replace(/^[.\s]+/, '').trim();
  const ending = /\.[A-Za-z0-9]{1,10}$/.exec(shown)?.[0] ?? '';
  const stem = shown.slice(0, shown.length - ending.length).slice(0, 150);
  return `${stem || 'clip'}${ending}`;
}
