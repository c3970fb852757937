import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  addressesOf,
  bytesOf,
  findEntry,
  isPinned,
  maxBytesOf,
  readCatalogue,
} from '../../../app/core/models/catalogue.ts';
import { printable } from '../../../app/core/models/http.ts';
import { shared, tempFolder } from '../../support/command.ts';
import { refusedWith } from './support.ts';

const catalogue = await readCatalogue({});

test('every entry can be installed or says why not; all weights have a hash', () => {
  assert.ok(catalogue.length > 80);
  assert.equal(new Set(catalogue.map(({ id }) => id)).size, catalogue.length);
  for (const model of catalogue) {
    const { id, files, entry, terms, licence } = model;
    assert.ok(licence !== '', id);
    assert.ok(terms === 'open' || model.licenceNote, `${id} says whose licence it is`);
    assert.ok(
      files.some(({ name }) => name === entry),
      id,
    );
    for (const file of files) {
      for (const address of addressesOf(file)) assert.equal(address.protocol, 'https:', id);
      // A graph in text has no published hash; weights without one are never installed.
      if (!file.name.endsWith('.param')) assert.ok(isPinned(file) || model.notYet, `${id}: ${file.name}`);
    }
  }
  const ready = catalogue.filter(({ notYet }) => notYet === undefined);
  assert.ok(ready.length >= 40, String(ready.length));
  assert.ok(ready.filter((model) => bytesOf(model) !== undefined).length >= 40, 'their size is shown');
});

test('licences that forbid are marked so', () => {
  assert.equal(findEntry('sepconv-l1', catalogue).terms, 'academic');
  assert.equal(findEntry('sepconv-keras', catalogue).terms, 'unstated');
  assert.equal(findEntry('RIFE-v4.6', catalogue).terms, 'open');
});

test(
  'all that the specification pins is in the catalogue',
  { skip: shared ? false : 'INBETWEEN_SHARED is not set' },
  () => {
    const text = readFileSync(join(shared!, 'spec', 'catalogue.json'), 'utf8');
    const pinned = JSON.parse(text) as { git_blob_sha1: string | null; raw_url: string }[];
    const files = catalogue.flatMap(({ files: all }) => all);
    const addresses = new Set(files.flatMap((file) => file.addresses));
    assert.equal(pinned.length, 187);
    for (const { git_blob_sha1: sha1, raw_url: url } of pinned) {
      assert.ok(addresses.has(url) || addresses.has(url.replaceAll(' ', '%20')), url);
      if (sha1)
        assert.ok(
          files.some(({ gitBlobSha1 }) => gitBlobSha1 === sha1),
          url,
        );
    }
  },
);

test('mirrors, bounds and messages', async (context) => {
  const file = findEntry('rife-v4.6', catalogue).files[1]!;
  assert.match(
    addressesOf(file, 'http://10.0.0.1:8080/m')[0]!.href,
    /^http:\/\/10\.0\.0\.1:8080\/m\/nihui\/rife-ncnn-vulkan\//,
  );
  assert.throws(() => addressesOf(file, 'file:///tmp'), { code: 'address-refused' });
  assert.equal(maxBytesOf(file), 10_614_320);
  assert.equal(maxBytesOf({ name: 'a.param', addresses: [] }), 2 ** 20);
  assert.throws(() => findEntry('rife-v9', catalogue), { code: 'model-unknown', message: /rife-v4\.6/ });
  assert.equal(printable(new URL('https://user:secret@host/a?token=1')), 'https://host/a');
  const own = join(tempFolder(context), 'own.json');
  await refusedWith(readCatalogue({ INBETWEEN_CATALOGUE: own }), 'not-found', /cannot be read/);
  writeFileSync(own, '{"models": [{"id": "../x"}]}');
  await refusedWith(readCatalogue({ INBETWEEN_CATALOGUE: own }), 'bad-model', /not a catalogue/);
});
