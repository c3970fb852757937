import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ErrorCode } from '../../../app/contract/errors.ts';
import { installModel } from '../../../app/core/models/install.ts';
import { redirected } from '../../../app/core/models/http.ts';
import { installedModel, installedModels, verifyModels } from '../../../app/core/nn/store.ts';
import { tempFolder } from '../../support/command.ts';
import { fixture, skip } from '../import/support.ts';
import {
  cut,
  emptyPlaces,
  entryOf,
  fadeNetwork,
  gitBlobSha1,
  good,
  HASTE,
  hasty,
  leftIn,
  leftPartial,
  PAUSE,
  refusedWith,
  serve,
  sha256,
  type Handler,
} from './support.ts';

const bytes = fadeNetwork();
const half = Math.floor(bytes.length / 2);

test('a model is downloaded, checked, tried and offered', async (context) => {
  const places = emptyPlaces(context);
  const server = await serve(context, good(bytes));
  const seen: string[] = [];
  const model = await installModel(
    entryOf(bytes, [`${server.origin}/net`]),
    hasty(places, { onProgress: ({ stage, done, total }) => seen.push(`${stage} ${done} ${total}`) }),
  );
  assert.equal(model.id, 'fade');
  assert.deepEqual(readFileSync(model.path), bytes);
  const { manifest } = await installedModel('fade', places);
  assert.equal(manifest.family, 'sepconv');
  assert.equal(manifest.format, 'safetensors');
  assert.equal(manifest.config['kernel'], 5);
  assert.deepEqual(manifest.files, [{ name: 'net.safetensors', bytes: bytes.length, sha256: sha256(bytes) }]);
  // It is a fade, so it does as well as one; how well is in the manifest.
  assert.ok(Math.abs(manifest.probe!.psnr - manifest.probe!.blendPsnr) < 0.3, JSON.stringify(manifest.probe));
  assert.deepEqual([seen[0], seen.at(-1)], [`download 0 ${bytes.length}`, `try ${bytes.length} ${bytes.length}`]);
  assert.deepEqual(leftIn(places), [
    `blobs/${sha256(bytes)}`,
    'installed/fade/manifest.json',
    'installed/fade/net.safetensors',
  ]);
  await refusedWith(installModel(entryOf(bytes, [server.origin]), hasty(places)), 'model-installed', /already/);
});

/** [what the server does, code, sentence, bytes kept for another try, whether the entry knows the length]. */
type Lie = [name: string, handler: Handler, code: ErrorCode, said: RegExp, kept: number, sized?: boolean];

const other = randomBytes(bytes.length);
const LIES: Lie[] = [
  ['hangs up half-way', cut(bytes, half), 'download-failed', /broke the connection off.*kept/, half],
  [
    'falls silent half-way',
    (_, response) => void response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, half)),
    'download-failed',
    /sent nothing for/,
    half,
  ],
  ['never answers', () => {}, 'download-failed', /sent nothing for/, 0],
  [
    'leads in a circle',
    (_, r) => void r.writeHead(302, { location: '/again' }).end(),
    'download-failed',
    /without end/,
    0,
  ],
  [
    'leads to a file',
    (_, r) => void r.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    'address-refused',
    /only https/,
    0,
  ],
  [
    'promises more than it sends',
    (_, response) => {
      response.writeHead(200, { 'content-length': bytes.length + 1000 });
      response.write(bytes, () => setTimeout(() => response.destroy(), PAUSE));
    },
    'download-failed',
    /broke the connection off/,
    bytes.length,
  ],
  [
    'promises more than there is',
    (_, r) => void r.writeHead(200, { 'content-length': bytes.length + 1000 }).write(bytes),
    'download-failed',
    /has \d+ bytes; the published/,
    0,
    true,
  ],
  ['sends other bytes of the right length', good(other), 'hash-mismatch', /git hash .* thrown away/, 0],
  ['sends less and says so', good(bytes.subarray(0, half)), 'hash-mismatch', /thrown away/, 0],
  [
    'sends less and says so, length known',
    good(bytes.subarray(0, half)),
    'download-failed',
    /has \d+ bytes; the published/,
    0,
    true,
  ],
  [
    'never ends',
    (_, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write(other, () => more());
      };
      response.writeHead(200);
      more();
    },
    'download-failed',
    /does not end/,
    0,
    true,
  ],
  ['has lost it', (_, r) => void r.writeHead(404).end('no'), 'download-failed', /404/, 0],
  ['forbids it', (_, r) => void r.writeHead(403).end('no'), 'download-failed', /403/, 0],
  ['is broken', (_, r) => void r.writeHead(500).end('no'), 'download-failed', /answers 500/, 0],
  [
    'is busy for an hour',
    (_, r) => void r.writeHead(429, { 'retry-after': '3600' }).end(),
    'download-failed',
    /429/,
    0,
  ],
  [
    'packs what it sends',
    (_, r) => void r.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(bytes)),
    'download-failed',
    /packed \(gzip\)/,
    0,
  ],
];

for (const [name, handler, code, said, kept, sized] of LIES) {
  test(`a server that ${name}: nothing is installed`, async (context) => {
    const places = emptyPlaces(context);
    const { origin } = await serve(context, handler);
    const entry = entryOf(bytes, [`${origin}/net`]);
    if (sized) entry.files[0]!.bytes = bytes.length;
    const patience = said.source.includes('sent nothing') ? { patience: HASTE } : {};
    await refusedWith(installModel(entry, hasty(places, patience)), code, said);
    assert.deepEqual(await installedModels(places), []);
    assert.equal(leftPartial(places), kept);
  });
}

test('a server whose length is too short is cut off there, whatever it goes on to send', async (context) => {
  const places = emptyPlaces(context);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${half}\r\n\r\n`);
      socket.end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => void server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/net`;
  await refusedWith(installModel(entryOf(bytes, [address]), hasty(places)), 'hash-mismatch', /thrown away/);
  assert.deepEqual(leftIn(places), []);
});

test('text without a published hash is bounded, and never resumed', async (context) => {
  const places = emptyPlaces(context);
  const server = await serve(context, cut(bytes, half));
  const entry = entryOf(bytes, [server.origin]);
  delete entry.files[0]!.gitBlobSha1;
  await refusedWith(installModel(entry, hasty(places)), 'download-failed', /could not be downloaded/);
  assert.deepEqual(server.ranges, ['', '']);
  assert.deepEqual(leftIn(places), []);
});

test('an unencrypted place is not gone to from an encrypted one, unless it is this machine', () => {
  const from = new URL('https://example.com/a');
  assert.throws(() => redirected(from, 'http://example.com/b'), { code: 'address-refused' });
  assert.equal(redirected(from, 'http://127.0.0.1:80/b').port, '');
  assert.equal(redirected(from, '/b').href, 'https://example.com/b');
  assert.throws(() => redirected(from, 'ftp://example.com/b'), { code: 'address-refused' });
});

/** Installs from a server that breaks off, then from `then` at the same address; gives the ranges that one was asked for. */
async function resume(
  context: Parameters<typeof emptyPlaces>[0],
  first: Handler,
  then: Handler,
): Promise<{ ranges: string[]; kept: number }> {
  const places = emptyPlaces(context);
  let handler = first;
  const server = await serve(context, (request, response) => handler(request, response));
  const entry = entryOf(bytes, [`${server.origin}/net`]);
  await refusedWith(installModel(entry, hasty(places)), 'download-failed', /kept/);
  const kept = leftPartial(places);
  handler = then;
  server.ranges.length = 0;
  const model = await installModel(entry, hasty(places));
  assert.deepEqual(readFileSync(model.path), bytes);
  assert.equal(leftIn(places).filter((name) => name.startsWith('partial')).length, 0);
  return { ranges: server.ranges, kept };
}

test('a download goes on where it stopped', async (context) => {
  const { ranges, kept } = await resume(context, cut(bytes, half, '"v1"'), good(bytes, '"v1"'));
  assert.equal(kept, half);
  assert.deepEqual(ranges, [`bytes=${half}-`]);
});

test('a download that was whole when its process died is not asked for again', async (context) => {
  const places = emptyPlaces(context);
  const folder = join(places.models, 'partial', `${gitBlobSha1(bytes)}.free-00000000`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'data'), bytes);
  const server = await serve(context, (_, response) => void response.writeHead(404).end());
  await installModel(entryOf(bytes, [server.origin]), hasty(places));
  assert.deepEqual(server.ranges, []);
});

test('a server that knows no ranges sends it all again', async (context) => {
  const whole: Handler = (_, response) => void response.writeHead(200).end(bytes);
  const { ranges } = await resume(context, cut(bytes, half), whole);
  assert.deepEqual(ranges, [`bytes=${half}-`]);
});

test('a file that changed between two ranges is fetched from its beginning', async (context) => {
  await context.test('the server compares', async (inner) => {
    const { ranges } = await resume(inner, cut(other, half, '"v1"'), good(bytes, '"v2"'));
    assert.deepEqual(ranges, [`bytes=${half}-`]);
  });
  await context.test('the server does not, and says which version it sends', async (inner) => {
    const careless: Handler = (request, response) => {
      delete request.headers['if-range'];
      good(bytes, '"v2"')(request, response);
    };
    const { ranges } = await resume(inner, cut(other, half, '"v1"'), careless);
    assert.deepEqual(ranges, [`bytes=${half}-`, '']);
  });
  await context.test('the server says nothing: the hash does', async (inner) => {
    const { ranges } = await resume(inner, cut(other, half), good(bytes));
    assert.deepEqual(ranges, [`bytes=${half}-`, '']);
  });
});

test('other bytes than were asked for are not put behind what is here', async (context) => {
  let answers = 0;
  const { ranges } = await resume(context, cut(bytes, half), (request, response) => {
    if (answers++ > 0) return good(bytes)(request, response);
    const part = bytes.subarray(10);
    response.writeHead(206, { 'content-range': `bytes 10-${bytes.length - 1}/${bytes.length}` }).end(part);
  });
  assert.deepEqual(ranges, [`bytes=${half}-`, '']);
});

test('the next address is tried, also for the rest of a file', async (context) => {
  const places = emptyPlaces(context);
  const dead = await serve(context, (_, response) => void response.writeHead(404).end());
  const first = await serve(context, cut(bytes, half, '"a"'));
  const second = await serve(context, good(bytes, '"b"'));
  const entry = entryOf(bytes, [dead.origin, first.origin, second.origin]);
  await installModel(entry, hasty(places));
  assert.deepEqual(second.ranges, [`bytes=${half}-`]);
});

test('a cancelled download keeps what came', async (context) => {
  const places = emptyPlaces(context);
  const cancel = new AbortController();
  const reason = new Error('enough');
  const server = await serve(context, (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, half));
  });
  const onProgress = ({ done }: { done: number }): void => void (done >= half && cancel.abort(reason));
  const installing = installModel(
    entryOf(bytes, [server.origin]),
    hasty(places, { signal: cancel.signal, onProgress, patience: { stallMs: 10_000, attempts: 3, backoffMs: 1 } }),
  );
  await assert.rejects(installing, (error) => error === reason);
  assert.equal(leftPartial(places), half);
  assert.deepEqual(await installedModels(places), []);
});

test('two installations of one model at once: one model, nothing damaged', async (context) => {
  const places = emptyPlaces(context);
  const server = await serve(context, good(bytes));
  const entry = entryOf(bytes, [server.origin]);
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => installModel(entry, hasty(places))));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.equal((outcome.reason as { code: string }).code, 'model-installed');
  const [verdict] = await verifyModels(undefined, { places });
  assert.equal(verdict?.good, true);
  assert.equal(leftIn(places).length, 3);
});

test('a mirror takes the place of every address, and a proxy is used but for who it is not for', async (context) => {
  const paths: string[] = [];
  const server = await serve(context, (request, response) => {
    paths.push(request.url ?? '');
    good(bytes)(request, response);
  });
  const entry = entryOf(bytes, ['https://files.invalid/owner/repo/net.bin']);
  await installModel(entry, hasty(emptyPlaces(context), { mirror: `${server.origin}/mirror/` }));
  const proxied = entryOf(bytes, ['http://files.invalid/net.bin']);
  await installModel(proxied, hasty(emptyPlaces(context), { env: { HTTP_PROXY: server.origin } }));
  assert.deepEqual(paths, ['/mirror/owner/repo/net.bin', 'http://files.invalid/net.bin']);
  const env = { HTTP_PROXY: server.origin, NO_PROXY: 'files.invalid' };
  await refusedWith(installModel(proxied, hasty(emptyPlaces(context), { env })), 'download-failed', /files\.invalid/);
  assert.equal(paths.length, 2);
});

test('files that somebody brought pass the same checks', async (context) => {
  const folder = tempFolder(context);
  writeFileSync(join(folder, 'net.safetensors'), bytes);
  const entry = entryOf(bytes, ['https://files.invalid/owner/repo/net.safetensors']);
  // One file and its hash: whatever a browser called it.
  const renamed = join(tempFolder(context), 'net (1).bin');
  writeFileSync(renamed, bytes);
  for (const from of [folder, join(folder, 'net.safetensors'), renamed]) {
    const model = await installModel(entry, hasty(emptyPlaces(context), { from }));
    assert.equal(model.manifest.files[0]!.sha256, sha256(bytes));
  }
  assert.deepEqual(readFileSync(join(folder, 'net.safetensors')), bytes, 'what was brought stays');
  writeFileSync(join(folder, 'net.safetensors'), other);
  const places = emptyPlaces(context);
  await refusedWith(installModel(entry, hasty(places, { from: folder })), 'hash-mismatch', /is not the published/);
  await refusedWith(installModel(entry, hasty(places, { from: join(folder, 'none') })), 'not-found', /There is no/);
  await refusedWith(installModel(entry, hasty(places, { from: tempFolder(context) })), 'not-found', /net\.safetensors/);
  assert.deepEqual(leftIn(places), []);
});

test('a network that does not work is not installed, though its hash is right', async (context) => {
  const places = emptyPlaces(context);
  for (const [gain, said] of [
    [Number.NaN, /no number/],
    [50, /outside the range/],
    [0.01, /no nearer than plain grey/],
  ] as const) {
    const broken = fadeNetwork({ gain });
    const server = await serve(context, good(broken));
    await refusedWith(installModel(entryOf(broken, [server.origin]), hasty(places)), 'probe-failed', said);
    assert.deepEqual(leftIn(places), []);
  }
  const noNetwork = Buffer.from('these are the right bytes, and no checkpoint');
  const server = await serve(context, good(noNetwork));
  await refusedWith(
    installModel(entryOf(noNetwork, [server.origin]), hasty(places)),
    'checkpoint-unknown',
    /not a checkpoint/,
  );
  const claimed = entryOf(bytes, [(await serve(context, good(bytes))).origin], { family: 'film' });
  await refusedWith(installModel(claimed, hasty(places)), 'family-unknown', /family film/);
  assert.deepEqual(leftIn(places), []);
});

test('a licence that asks for more is shown, and has to be accepted', async (context) => {
  const places = emptyPlaces(context);
  const server = await serve(context, good(bytes));
  const licence = {
    licence: 'academic only',
    terms: 'academic',
    licenceNote: 'The weights are those of N. N.',
  } as const;
  const entry = entryOf(bytes, [server.origin], licence);
  await refusedWith(
    installModel(entry, hasty(places)),
    'licence-not-accepted',
    /academic only.*N\. N\..*--accept-licence/,
  );
  assert.deepEqual(server.ranges, [], 'nothing was downloaded');
  const { manifest } = await installModel(entry, hasty(places, { acceptLicence: true }));
  assert.equal(manifest.licence, 'academic only');
  const later = entryOf(bytes, [server.origin], { id: 'later', notYet: 'Its time will come.' });
  await refusedWith(installModel(later, hasty(places)), 'model-not-yet', /Its time will come/);
});

test('two models with the same content keep it once, and each may go without the other', async (context) => {
  const places = emptyPlaces(context);
  const server = await serve(context, good(bytes));
  const pinned = {
    name: 'net.safetensors',
    sha256: sha256(bytes),
    gitBlobSha1: gitBlobSha1(bytes),
    addresses: [server.origin],
  };
  await installModel(entryOf(bytes, [], { id: 'one', files: [pinned] }), hasty(places));
  await installModel(entryOf(bytes, [], { id: 'two', files: [pinned] }), hasty(places));
  assert.equal(server.ranges.length, 1, 'the second came from the store');
  assert.equal(leftIn(places).filter((name) => name.startsWith('blobs')).length, 1);
});

test('an ncnn network of two files: text without a hash is judged by the weights', { skip }, async (context) => {
  const read = (name: string): Buffer => readFileSync(join(fixture('rife-v4.6-ncnn'), name));
  const texts = new Map([
    ['/flownet.bin', read('flownet.bin')],
    ['/flownet.param', read('flownet.param')],
  ]);
  const { origin } = await serve(context, (request, response) =>
    good(texts.get(request.url ?? '')!)(request, response),
  );
  const files = [
    { name: 'flownet.param', addresses: [`${origin}/flownet.param`] },
    { name: 'flownet.bin', addresses: [`${origin}/flownet.bin`], gitBlobSha1: gitBlobSha1(texts.get('/flownet.bin')!) },
  ];
  const entry = entryOf(bytes, [], { id: 'rife-v4.6', family: 'rife', entry: 'flownet.param', files });
  const places = emptyPlaces(context);
  // Another number of outputs, so that the weights do not fill the graph.
  const whole = texts.get('/flownet.param')!;
  texts.set('/flownet.param', Buffer.from(whole.toString().replace('0=96', '0=97')));
  await refusedWith(installModel(entry, hasty(places)), 'checkpoint-damaged', /./);
  assert.deepEqual(leftIn(places), []);
  texts.set('/flownet.param', whole);
  const { manifest } = await installModel(entry, hasty(places));
  assert.equal(manifest.parameters, 5_302_416);
  assert.ok(manifest.probe!.psnr > 15, JSON.stringify(manifest.probe));
});
