import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { create, Header } from 'tar';
import { ncnnGraphOf } from '../../../app/core/import/ncnn.ts';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import { tempFolder } from '../../support/command.ts';
import { digest, fixture, fuzz, readAll, refused, safetensorsBytes, skip } from './support.ts';

const WEIGHTS = safetensorsBytes({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, new Uint8Array(8));
/** Temporary files go to a folder of this test's own: others unpack archives, too. */
const own = mkdtempSync(join(tmpdir(), 'inbetween-test-'));
process.env['TMPDIR'] = process.env['TEMP'] = own;
after(() => rmSync(own, { recursive: true, force: true }));
const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('inbetween-archive-'));

/** One tar entry, header and padded body. */
function entry(path: string, body: Uint8Array, type: 'File' | 'SymbolicLink' | 'CharacterDevice' = 'File'): Uint8Array {
  const link = type === 'SymbolicLink' ? { linkpath: '/etc/passwd' } : {};
  const header = new Header({ path, size: body.length, type, mode: 0o644, mtime: new Date(0), ...link });
  const block = Buffer.alloc(512);
  header.encode(block, 0);
  return Buffer.concat([block, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

const archive = (...entries: Uint8Array[]) => gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]));

test('one file in folders, and nothing is left behind', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'a/b'), { recursive: true });
  writeFileSync(join(folder, 'a/b/model'), WEIGHTS);
  await create({ file: join(folder, 'model.tgz'), gzip: true, cwd: folder }, ['a']);
  const before = leftovers().length;
  assert.equal(await readAll(join(folder, 'model.tgz')), 8);
  assert.equal(leftovers().length, before);
});

test('names that lead out, links and devices are refused, and nothing is left behind', async (t) => {
  const path = join(tempFolder(t), 'model');
  const before = leftovers().length;
  const hostile: [Uint8Array, RegExp][] = [
    [archive(entry('../escaped', WEIGHTS)), /outside its folder/],
    [archive(entry('/tmp/escaped', WEIGHTS)), /outside its folder/],
    [archive(entry('link', new Uint8Array(), 'SymbolicLink')), /neither a file nor a folder/],
    [archive(entry('device', new Uint8Array(), 'CharacterDevice')), /neither a file nor a folder/],
    [archive(...Array.from({ length: 501 }, (_, i) => entry(`f${i}`, new Uint8Array()))), /more than 500 files/],
    [archive(entry('zeros', new Uint8Array(2 ** 26))), /far more than any weights/],
  ];
  for (const [bytes, said] of hostile) {
    writeFileSync(path, bytes);
    const clock = process.cpuUsage();
    await refused(path, 'checkpoint-refused', said);
    const { user, system } = process.cpuUsage(clock);
    assert.ok(user + system < 1e6, `${(user + system) / 1e6} s`);
  }
  assert.equal(leftovers().length, before);
});

test('an archive in an archive is refused: some hold themselves', async (t) => {
  const path = join(tempFolder(t), 'model');
  const before = leftovers().length;
  writeFileSync(path, archive(entry('a/inner.tar.gz', archive(entry('model', WEIGHTS)))));
  await refused(path, 'checkpoint-refused', /holds another archive/);
  assert.equal(leftovers().length, before);
});

test('an archive of something else, and one that is cut off', async (t) => {
  const path = join(tempFolder(t), 'model');
  writeFileSync(path, archive(entry('notes.txt', Buffer.from('nothing to see'))));
  await refused(path, 'checkpoint-unknown', /not a checkpoint/);
  writeFileSync(path, gzipSync('not a tar archive at all'));
  await refused(path, 'checkpoint-unknown', /not a checkpoint/);
  const whole = archive(entry('model', WEIGHTS));
  writeFileSync(path, whole.subarray(0, whole.length - 20));
  await refused(path, 'checkpoint-damaged', /does not unpack/);
});

test('mutations are read or refused, quickly', async (t) => {
  const bytes = archive(entry('model', WEIGHTS));
  const outcomes = await fuzz(join(tempFolder(t), 'model'), bytes, { seed: 80, count: 100, spots: [0, 40, 80] });
  assert.ok((outcomes.get('read') ?? 0) < 100, JSON.stringify([...outcomes]));
});

test('a SavedModel as TensorFlow Hub packs it', { skip }, async (t) => {
  const path = join(tempFolder(t), 'film.tar.gz');
  await create({ file: path, gzip: true, cwd: fixture('film-small/saved_model') }, ['.']);
  assert.equal(await digest(path), await digest(fixture('film-small/saved_model')));
  await using checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, 'saved-model');
});

test('an ncnn network keeps its graph', { skip }, async (t) => {
  const path = join(tempFolder(t), 'net.tar.gz');
  await create({ file: path, gzip: true, cwd: fixture('real-rife-contextnet/rife') }, ['.']);
  await using checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, 'ncnn');
  assert.ok(ncnnGraphOf(checkpoint));
});
