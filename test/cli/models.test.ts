/** The command itself: a model's whole life, processes that die, and processes at the same time. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createProxy, type Server } from 'node:http';
import { createServer, type Server as SecureServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { models } from '../../app/cli/verbs/models.ts';
import { installModel } from '../../app/core/models/install.ts';
import type { CatalogueModel } from '../../app/contract/models.ts';
import {
  emptyPlaces,
  entryOf,
  fadeNetwork,
  good,
  hasty,
  leftIn,
  refusedWith,
  serve,
  type Handler,
} from '../core/models/support.ts';
import { inbetween, start, tempFolder, type Run } from '../support/command.ts';

type Context = Parameters<typeof serve>[0];

const bytes = fadeNetwork();
const openssl = spawnSync('openssl', ['version']).status === 0;

/** A library, a server and a catalogue of what it has. */
async function place(context: Context, handler: Handler, more: Partial<CatalogueModel> = {}) {
  const home = tempFolder(context);
  const server = await serve(context, handler);
  const entry = entryOf(bytes, [`${server.origin}/net`], more);
  const catalogue = join(home, 'catalogue.json');
  writeFileSync(catalogue, JSON.stringify({ models: [entry] }));
  const env = { INBETWEEN_CATALOGUE: catalogue, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' };
  const run = (...args: string[]): Promise<Run> => inbetween(home, ['models', ...args], env);
  return { home, server, env, run };
}

/** Runs the verb in this process, which is quicker. */
async function inside(
  home: string,
  env: NodeJS.ProcessEnv,
  ...words: string[]
): Promise<{ status: number; stdout: string }> {
  Object.assign(process.env, env, { INBETWEEN_HOME: home });
  const lines: string[] = [];
  const json = words.includes('--json');
  const io = { json, signal: new AbortController().signal, out: (line: string) => void lines.push(line), err() {} };
  const status = await models.run(
    words.filter((word) => word !== '--json'),
    io,
  );
  return { status, stdout: lines.join('\n') };
}

test('list, install, show, verify, remove', async (context) => {
  const { home, env, run } = await place(context, good(bytes), {
    terms: 'academic',
    licence: 'academic purposes only',
    licenceNote: 'The weights are those of N. N.',
  });
  const before = await inside(home, env, 'list');
  assert.match(before.stdout, /fade .*needs --accept-licence/);
  const asked = await run('install', 'fade', '--json');
  assert.equal(asked.status, 3);
  assert.equal((JSON.parse(asked.stdout) as { error: { code: string } }).error.code, 'licence-not-accepted');
  const installed = await run('install', 'fade', '--accept-licence', '--device', 'cpu', '--json');
  assert.equal(installed.status, 0, installed.stdout + installed.stderr);
  assert.equal(installed.stdout.split('\n').length, 2, 'one line');
  assert.equal((JSON.parse(installed.stdout) as { engine: string }).engine, 'sepconv:fade');
  assert.match(installed.stderr, /"type":"progress"/);

  const shown = await inside(home, env, 'show', 'fade');
  assert.match(shown.stdout, /use it by {3}--engine sepconv:fade/);
  assert.match(shown.stdout, /academic purposes only/);
  assert.match(shown.stdout, /sha256 [0-9a-f]{64}/);
  assert.equal((await inside(home, env, 'verify')).status, 0);

  const path = join(home, 'models', 'installed', 'fade', 'net.safetensors');
  chmodSync(path, 0o644);
  writeFileSync(path, Buffer.alloc(bytes.length));
  const damaged = await inside(home, env, 'verify', '--json');
  assert.equal(damaged.status, 4);
  assert.equal((JSON.parse(damaged.stdout) as { good: boolean }).good, false);
  writeFileSync(join(home, 'models', 'installed', 'fade', 'manifest.json'), '{');
  const list = await inside(home, env, 'list');
  assert.equal(list.status, 0);
  assert.match(list.stdout, /fade .*damaged: manifest\.json is no JSON/);
  assert.equal((await inside(home, env, 'remove', 'fade')).status, 0);
  await assert.rejects(inside(home, env, 'remove', 'fade'), { code: 'model-unknown' });
});

test('words that are not understood', async () => {
  const io = { json: false, signal: new AbortController().signal, out() {}, err() {} };
  const wrong = [
    'polish',
    'show',
    'list all',
    'remove a --mirror x',
    'install fade --accept-license',
    'import',
    'show a b',
  ];
  for (const words of wrong) await assert.rejects(models.run(words.split(' '), io), { code: 'usage' }, words);
});

/** Sends half and waits; the second request gets the rest. */
function halting(onHalf: () => void): Handler {
  let first = true;
  return (request, response) => {
    if (!first) return good(bytes, '"v1"')(request, response);
    first = false;
    response.writeHead(200, { 'content-length': bytes.length, etag: '"v1"' });
    response.write(bytes.subarray(0, 30_000), onHalf);
  };
}

async function partialOf(home: string, size: number): Promise<void> {
  const folder = join(home, 'models', 'partial');
  for (let i = 0; i < 200; i++) {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('data'));
    if (names.some((name) => statSync(join(folder, name)).size === size)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('the partial download was not written');
}

for (const signal of ['SIGKILL', 'SIGINT'] as const) {
  test(`a download ended by ${signal} is gone on with`, async (context) => {
    let reached: () => void = () => {};
    const half = new Promise<void>((resolve) => (reached = resolve));
    const { home, server, env, run } = await place(
      context,
      halting(() => reached()),
    );
    const { child, done } = start(home, ['models', 'install', 'fade', '--device', 'cpu'], env);
    await half;
    await partialOf(home, 30_000);
    child.kill(signal);
    const ended = await done;
    assert.equal(signal === 'SIGINT' ? ended.status : ended.killedBy, signal === 'SIGINT' ? 130 : signal, ended.stderr);
    const again = await run('install', 'fade', '--device', 'cpu');
    assert.equal(again.status, 0, again.stderr);
    assert.deepEqual(server.ranges, ['', 'bytes=30000-']);
    assert.deepEqual(readdirSync(join(home, 'models', 'partial')), []);
  });
}

test('two processes install one model at the same time', async (context) => {
  let waiting = 0;
  let release: () => void = () => {};
  const both = new Promise<void>((resolve) => (release = resolve));
  const { home, env, run } = await place(context, async (request, response) => {
    if (++waiting === 2) release();
    await both;
    good(bytes)(request, response);
  });
  const runs = [1, 2].map(() => start(home, ['models', 'install', 'fade', '--device', 'cpu'], env));
  const ended = await Promise.all(runs.map(({ done }) => done));
  const told = ended.map(({ status, stderr }) => `${status} ${stderr}`).join('\n');
  assert.deepEqual(ended.map(({ status }) => status).toSorted(), [0, 3], told);
  assert.match(told, /model-installed/);
  assert.equal((await run('verify')).status, 0);
  assert.deepEqual(readdirSync(join(home, 'models', 'staging')), []);
});

test(
  'over TLS, through a proxy',
  { skip: openssl ? false : 'openssl is not here to make a certificate' },
  async (context) => {
    const home = tempFolder(context);
    const [key, cert] = [join(home, 'key.pem'), join(home, 'cert.pem')];
    const subject = ['-subj', '/CN=files.test', '-addext', 'subjectAltName=DNS:files.test'];
    const made = spawnSync('openssl', [...REQUEST, '-keyout', key, '-out', cert, ...subject]);
    assert.equal(made.status, 0, String(made.stderr));
    const secure = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      if (request.url === '/net') return good(bytes)(request, response);
      response.writeHead(302, { location: 'http://files.test/net' }).end();
    });
    const origin = await listening(context, secure);
    const asked: string[] = [];
    const proxy = createProxy((_, response) => void response.writeHead(500).end());
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      const onward = connect(origin.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
    });
    const { port } = await listening(context, proxy);
    const install = async (path: string, trust: NodeJS.ProcessEnv): Promise<Run> => {
      const catalogue = join(home, 'catalogue.json');
      writeFileSync(catalogue, JSON.stringify({ models: [entryOf(bytes, [`https://files.test/${path}`])] }));
      const env = { INBETWEEN_CATALOGUE: catalogue, HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '', ...trust };
      return await inbetween(home, ['models', 'install', 'fade', '--device', 'cpu'], env);
    };
    const trust = { NODE_EXTRA_CA_CERTS: cert };
    const lower = await install('lower', trust);
    assert.match(lower.stderr, /address-refused: .*not encrypted/);
    const done = await install('net', trust);
    assert.equal(done.status, 0, done.stderr);
    assert.deepEqual(new Set(asked), new Set(['files.test:443']));
  },
);

test(
  'a certificate nobody vouches for is not accepted',
  { skip: openssl ? false : 'openssl is not here' },
  async (context) => {
    const home = tempFolder(context);
    const [key, cert] = [join(home, 'key.pem'), join(home, 'cert.pem')];
    spawnSync('openssl', [
      ...REQUEST,
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ]);
    const secure = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, good(bytes));
    const { port } = await listening(context, secure);
    const entry = entryOf(bytes, [`https://127.0.0.1:${port}/net`]);
    const places = emptyPlaces(context);
    await refusedWith(installModel(entry, hasty(places)), 'download-failed', /self-signed certificate/);
    assert.deepEqual(leftIn(places), []);
  },
);

const REQUEST = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ');

async function listening(context: Context, server: Server | SecureServer): Promise<AddressInfo> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return server.address() as AddressInfo;
}
