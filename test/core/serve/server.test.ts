/** The local server against what must not get in: other hosts, origins and sites, no token, paths, and messages that are none. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { startServer } from '../../../app/core/serve/server.ts';
import { openStudio } from '../../../app/core/studio/open.ts';
import { tempFolder } from '../../support/command.ts';

interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

interface Served {
  port: number;
  token: string;
  cookie: string;
  home: string;
  /** Sends `path` as it is: fetch would tidy it. */
  get(path: string, headers?: Record<string, string>, method?: string, body?: string): Promise<Reply>;
}

async function serve(t: TestContext): Promise<Served> {
  const home = tempFolder(t);
  const renderer = join(home, 'page');
  mkdirSync(join(renderer, 'assets'), { recursive: true });
  writeFileSync(join(renderer, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(renderer, 'assets', 'main-1.js'), 'export {};');
  writeFileSync(join(home, 'secret.txt'), 'secret');
  const studio = await openStudio({ library: join(home, 'lib'), media: '/media/', upload: '/upload', roots: [home] });
  const server = await startServer({ studio, renderer, port: 0 });
  t.after(async () => {
    await server[Symbol.asyncDispose]();
    await studio[Symbol.asyncDispose]();
  });
  const { port } = server;
  const get: Served['get'] = (path, headers = {}, method = 'GET', body) =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        let text = '';
        response.on('data', (data) => (text += String(data)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const token = new URL(server.url).searchParams.get('token')!;
  const first = await get(`/?token=${token}`);
  assert.equal(first.status, 303);
  const set = first.headers['set-cookie']?.[0] ?? '';
  assert.match(set, /HttpOnly; SameSite=Strict/);
  return { port, token, cookie: set.split(';')[0]!, home: join(home, 'lib'), get };
}

test('with the token the page and its files are there, under a strict policy', async (t) => {
  const { get, cookie } = await serve(t);
  const page = await get('/', { cookie });
  assert.equal(page.status, 200);
  assert.match(page.text, /<title>page/);
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.doesNotMatch(policy, /unsafe-(inline|eval)/);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(page.headers['x-frame-options'], 'DENY');
  const script = await get('/assets/main-1.js', { cookie });
  assert.equal(script.status, 200);
  assert.match(String(script.headers['cache-control']), /immutable/);
});

test('without the token, with a wrong one, or by another host, origin or site nothing is given', async (t) => {
  const { get, cookie, port, token } = await serve(t);
  const own = `127.0.0.1:${port}`;
  const refused: [string, Record<string, string>][] = [
    ['/', {}],
    ['/', { cookie: `${cookie.slice(0, -1)}0x` }],
    ['/?token=', {}],
    [`/?token=${token.slice(1)}`, {}],
    [`/?token=${token}`, { host: 'evil.example' }],
    [`/?token=${token}`, { host: `evil.example:${port}` }],
    ['/', { cookie, host: `evil.example:${port}` }],
    ['/', { cookie, host: `127.0.0.1:${port + 1}` }],
    ['/', { cookie, host: own, origin: 'http://evil.example' }],
    ['/', { cookie, host: own, origin: 'null' }],
    ['/', { cookie, host: own, origin: `http://127.0.0.1.evil.example:${port}` }],
    ['/', { cookie, host: own, 'sec-fetch-site': 'cross-site' }],
    ['/', { cookie, host: own, 'sec-fetch-site': 'same-site' }],
    ['/media/clip/x/source', { cookie, origin: 'https://evil.example' }],
    ['/upload?name=a.mp4', { cookie }],
  ];
  for (const [path, headers] of refused) {
    const reply = await get(path, headers, path.startsWith('/upload') ? 'POST' : 'GET');
    assert.equal(reply.status, 403, `${path} ${JSON.stringify(headers)}`);
    assert.doesNotMatch(reply.text, /<title>page|secret/);
    assert.equal(reply.headers['set-cookie'], undefined);
  }
});

test('no address leads to a file that is not the renderer’s', async (t) => {
  const { get, cookie } = await serve(t);
  const paths = [
    ...[
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/assets/../../secret.txt',
      '/assets/..\\..\\secret.txt',
    ],
    ...[
      '//secret.txt',
      '/./../secret.txt',
      '/index.html%00.js',
      '/etc/passwd',
      '/%2fetc%2fpasswd',
      '/assets',
      '/assets/',
    ],
    ...[
      '/media/../secret.txt',
      '/media/clip/..%2f..%2fsecret.txt/source',
      '/media/clip/%2e%2e/source',
      '/media//etc/passwd',
    ],
    ...[
      '/media/chunk/../../../library.db',
      '/media/chunk/..%5c..%5clibrary.db',
      '/media/__proto__/x',
      '/media/constructor',
    ],
    ...['/media/clip/a%00b/source', `/media/${'a/'.repeat(500)}`, '/media/'],
  ];
  for (const path of paths) {
    const reply = await get(path, { cookie });
    assert.ok([400, 404].includes(reply.status), `${path}: ${reply.status}`);
    assert.doesNotMatch(reply.text, /secret|root:/);
  }
  for (const method of ['PUT', 'DELETE', 'POST', 'OPTIONS']) {
    assert.ok((await get('/media/clip/x/source', { cookie }, method)).status >= 400, method);
  }
});

test('a dropped file is kept under a tame name in the library’s folder', async (t) => {
  const { get, cookie, port, home } = await serve(t);
  const headers = { cookie, origin: `http://127.0.0.1:${port}` };
  for (const [name, kept] of [
    ['clip one.mp4', 'clip one.mp4'],
    ['../../evil.mp4', 'evil.mp4'],
    ['..\\..\\evil.mp4', 'evil.mp4'],
    ['.hidden', 'hidden'],
    ['a\u0000b|c?.mov', 'a_b_c_.mov'],
    ['', 'clip'],
    [`${'x'.repeat(500)}.mkv`, `${'x'.repeat(150)}.mkv`],
  ] as const) {
    const reply = await get(`/upload?name=${encodeURIComponent(name)}`, headers, 'POST', 'bytes of a film');
    assert.equal(reply.status, 200, reply.text);
    const { path } = JSON.parse(reply.text) as { path: string };
    assert.ok(path.startsWith(join(home, 'uploads')), path);
    assert.ok(path.endsWith(`/${kept}`), path);
    assert.equal(readFileSync(path, 'utf8'), 'bytes of a film');
  }
});

/** What became of an attempt to connect: 'open' or the status of the refusal. */
function connect(url: string, headers: Record<string, string>, origin?: string): Promise<WebSocket | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers, ...(origin !== undefined && { origin }) });
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (_, response) => {
      socket.terminate();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', reject);
  });
}

test('a socket opens for our own page only', async (t) => {
  const { port, cookie } = await serve(t);
  const url = `ws://127.0.0.1:${port}/api`;
  const own = `http://127.0.0.1:${port}`;
  assert.equal(await connect(url, {}, own), 403);
  assert.equal(await connect(url, { cookie }), 403);
  assert.equal(await connect(url, { cookie }, 'http://evil.example'), 403);
  assert.equal(await connect(url, { cookie, host: 'evil.example' }, own), 403);
  assert.equal(await connect(`ws://127.0.0.1:${port}/other`, { cookie }, own), 403);
  const socket = await connect(url, { cookie }, own);
  assert.ok(typeof socket !== 'number');
  const answer = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));
  socket.send(JSON.stringify({ id: 7, method: 'app.info', params: {} }));
  const { id, answer: info } = JSON.parse(await answer) as { id: number; answer: { ok: boolean; result: object } };
  assert.equal(id, 7);
  assert.equal(info.ok, true);
  assert.deepEqual(
    Object.entries(info.result).find(([name]) => name === 'host'),
    ['host', 'page'],
  );
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.send('{"id": "no number"}');
  assert.equal(await closed, 1008);
});
