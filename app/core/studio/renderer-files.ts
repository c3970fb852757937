/** The built renderer's files: a fixed list, read when the host starts, so that no address can name another file. */
import { readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { AppError } from '../../contract/errors.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

export interface RendererFile {
  readonly path: string;
  readonly type: string;
  /** Its name has a hash of its content. */
  readonly immutable: boolean;
}

/** By address: '/index.html', '/assets/main-3fa9.js'; '/' is the page. Throws 'not-found' where the renderer was not built. */
export async function rendererFiles(folder: string): Promise<ReadonlyMap<string, RendererFile>> {
  const files = new Map<string, RendererFile>();
  for (const path of await filesBelow(folder)) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const address = `/${relative(folder, path).split(sep).join('/')}`;
    files.set(address, { path, type, immutable: address.startsWith('/assets/') });
  }
  const page = files.get('/index.html');
  if (!page) {
    throw new AppError(
      'not-found',
      `The studio's pages are not in ${folder}; build them with: npm run build:renderer.`,
    );
  }
  return files.set('/', page);
}

/** Folder by folder: an application's archive does not know `recursive`. A folder that is not there is empty; links are not followed. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return await filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
  return (await Promise.all(found)).flat();
}
