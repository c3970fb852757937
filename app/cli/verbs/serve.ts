/** `serve`: the studio as a local web page. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { MEDIA, startServer, UPLOAD } from '../../core/serve/server.ts';
import { openStudio } from '../../core/studio/open.ts';
import { rendererFolder } from '../renderer-build.ts';
import { parseWords } from '../slowmo-options.ts';
import type { Verb } from '../verb.ts';

export const serve: Verb = {
  name: 'serve',
  summary: 'The studio as a page in your browser, on this machine',
  usage: `serve [FOLDER ...] [--port N] [--host ADDRESS] [--json]

  FOLDER          folders the page may read from and write to; your home folder unless given
  --port N        a free one unless given
  --host ADDRESS  where to listen; this machine only (127.0.0.1) unless given

Prints the address to open. It holds a token: who has it may do what you may do in those folders.`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: { port: { type: 'string' }, host: { type: 'string' } },
      allowPositionals: true,
    });
    const port = portOf(values.port);
    const renderer = await rendererFolder(io.err);
    io.signal.throwIfAborted();
    const roots = (positionals.length > 0 ? positionals : [homedir()]).map((folder) => resolve(folder));
    await using studio = await openStudio({ media: MEDIA, upload: UPLOAD, roots });
    const host = values.host;
    await using server = await startServer({ studio, renderer, port, ...(host !== undefined && { host }) });
    io.out(io.json ? JSON.stringify({ url: server.url, port: server.port }) : `Inbetween is at ${server.url}`);
    if (!io.json)
      io.err(`Opened folders: ${studio.access.roots?.join(', ')}. Ctrl-C ends it; jobs that run go on next time.`);
    await new Promise<void>((done) => io.signal.addEventListener('abort', () => done(), { once: true }));
    return 0;
  },
};

function portOf(word: string | undefined): number {
  if (word === undefined) return 0;
  const port = Number(word);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535 && word.trim() !== '') return port;
  throw new AppError('usage', `--port takes a number from 0 to 65535, not '${word}'.`);
}
