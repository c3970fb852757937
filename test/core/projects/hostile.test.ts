import assert from 'node:assert/strict';
import { mkdtemp, open, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { clipPlaces } from '../../../app/core/library/clip-rows.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { importMarkers, importProject, type ImportOptions } from '../../../app/core/projects/import.ts';
import { createProject, listProjects } from '../../../app/core/projects/list.ts';
import { writeInbetween } from '../../../app/core/projects/interchange/inbetween-file.ts';
import { problemOf } from '../../../app/core/sequence/apply.ts';
import { Access } from '../../../app/core/studio/access.ts';
import { everything } from './interchange-fixture.ts';

const folder = await mkdtemp(join(tmpdir(), 'inbetween-hostile-'));
const db = openLibrary({ database: join(folder, 'library.db') });
after(async () => {
  db.close();
  await rm(folder, { recursive: true });
});
const access = await Access.to([folder]);
/** What was asked for: no file outside the folder may be added. */
const added: string[] = [];
const options: ImportOptions = {
  check: (path) => access.check(path),
  add: async (paths) => {
    added.push(...paths);
    return { ids: [], added: 0, known: 0, refused: [] };
  },
  engine: 'glide',
  signal: new AbortController().signal,
};
let files = 0;
async function read(ending: string, content: string | Buffer) {
  const path = join(folder, `file${files++}.${ending}`);
  await writeFile(path, content);
  return await importProject(db, path, options);
}

const GOOD = JSON.parse(writeInbetween(everything({ num: 25, den: 1 }), join(folder, 'x.inbetween')).text) as {
  clips: Record<string, unknown>[];
  markers: Record<string, unknown>[];
  media: Record<string, unknown>[];
  settings: Record<string, unknown>;
} & Record<string, unknown>;

function changed(change: (file: typeof GOOD) => void): string {
  const file = structuredClone(GOOD);
  change(file);
  return JSON.stringify(file);
}
const xml = (spine: string, resources = '<format id="r1" frameDuration="1/25s"/><asset id="a" start="0s"/>') =>
  `<fcpxml version="1.10"><resources>${resources}</resources><sequence format="r1"><spine>${spine}</spine></sequence></fcpxml>`;
const deep = (depth: number) => '<clip>'.repeat(depth) + '</clip>'.repeat(depth);

/** What an enemy might send, none of which becomes a project. */
const REFUSED: Record<string, [ending: string, content: string | Buffer]> = {
  'empty JSON': ['inbetween', ''],
  'JSON null': ['inbetween', 'null'],
  'an array': ['inbetween', '[]'],
  'JSON a hundred thousand deep': ['inbetween', '['.repeat(100_000)],
  'another schema': ['inbetween', changed((file) => Object.assign(file, { schema: 'other.1' }))],
  'a newer version': ['inbetween', changed((file) => Object.assign(file, { schema: 'inbetween-project.2' }))],
  'an unknown field': ['inbetween', changed((file) => Object.assign(file, { extra: 1 }))],
  'an own __proto__': ['inbetween', changed(() => {}).replace('{', '{"__proto__":{"polluted":1},')],
  'a clip named __proto__': ['inbetween', changed((file) => (file.clips[0]!['id'] = '__proto__'))],
  'two clips with one id': ['inbetween', changed((file) => file.clips.push({ ...file.clips[0]!, start: 1000 }))],
  'clips that overlap': ['inbetween', changed((file) => (file.clips[1]!['start'] = 1))],
  'a window beyond the retime': ['inbetween', changed((file) => (file.clips[0]!['frames'] = 999_999))],
  'a start that is no number': ['inbetween', changed((file) => (file.clips[0]!['start'] = 'NaN'))],
  'an infinite start': ['inbetween', changed(() => {}).replace('"start":0', '"start":1e999')],
  'half a frame': ['inbetween', changed((file) => (file.clips[0]!['start'] = 0.5))],
  'keys that run back': [
    'inbetween',
    changed(
      (file) =>
        (file.clips[0]!['keys'] = [
          { output: 0, source: 0, ease: 'linear' },
          { output: 0, source: 1, ease: 'linear' },
        ]),
    ),
  ],
  'no keys': ['inbetween', changed((file) => (file.clips[0]!['keys'] = []))],
  'a hundred thousand keys': [
    'inbetween',
    changed(
      (file) =>
        (file.clips[0]!['keys'] = Array.from({ length: 100_000 }, (_, i) => ({
          output: i,
          source: i,
          ease: 'linear',
        }))),
    ),
  ],
  'a rate of 0': ['inbetween', changed((file) => (file.settings['rate'] = { num: 0, den: 1 }))],
  'a rate of 1/0': ['inbetween', changed((file) => (file.settings['rate'] = { num: 1, den: 0 }))],
  'a huge picture': ['inbetween', changed((file) => (file.settings['width'] = 1e6))],
  'a pixel format with a filter in it': [
    'inbetween',
    changed((file) => (file.settings['pixelFormat'] = 'yuv420p,movie=/etc/passwd')),
  ],
  'a path with NUL': ['inbetween', changed((file) => (file.media[0]!['path'] = '/clips/a\0b'))],
  'a hash that is a path': ['inbetween', changed((file) => (file.media[0]!['hash'] = '../../x'))],
  'a marker without end': ['inbetween', changed((file) => (file.markers[0]!['frames'] = 1e12))],
  'sixty thousand markers': [
    'inbetween',
    changed(
      (file) =>
        (file.markers = Array.from({ length: 60_000 }, (_, i) => ({
          id: `m${i}`,
          frame: i,
          frames: 1,
          name: '',
          colour: 'red',
        }))),
    ),
  ],
  'binary as .inbetween': ['inbetween', Buffer.from([0, 1, 2, 3])],
  'an empty EDL': ['edl', ''],
  'a shopping list': ['edl', 'milk\nbread\n'],
  'binary as EDL': ['edl', Buffer.from('TITLE: x\n\0\0\0')],
  'an EDL with a minute of 75 seconds': ['edl', '001  AX  V  C  00:00:75:00 00:00:01:00 01:00:00:00 01:00:01:00\n'],
  'an EDL of one frame in two seconds': [
    'edl',
    '* INBETWEEN RATE: 1/2\n001  AX  V  C  00:00:00:00 00:00:09:00 01:00:00:00 01:00:09:00\n',
  ],
  'sixty thousand events': [
    'edl',
    Array.from({ length: 60_000 }, () => '001  AX  V  C  00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00').join('\n'),
  ],
  'a clip that ends after years': [
    'fcpxml',
    xml(
      '<asset-clip ref="a" offset="9999999s" duration="9999999s"/>',
      '<format id="r1" frameDuration="1/1000s"/><asset id="a"/>',
    ),
  ],
  'a moment before the beginning of time': [
    'fcpxml',
    xml(
      '<asset-clip ref="a" offset="0s" start="9999999s" duration="1s"/>',
      '<format id="r1" frameDuration="1/1000s"/><asset id="a" start="-9999999s"/>',
    ),
  ],
  'no XML': ['fcpxml', 'hello'],
  'empty XML': ['fcpxml', ''],
  'another document': ['fcpxml', '<html><body/></html>'],
  'XML that ends early': ['fcpxml', '<fcpxml><resources>'],
  'tags that cross': ['fcpxml', '<fcpxml><a><b></a></b></fcpxml>'],
  'a billion laughs': [
    'fcpxml',
    `<!DOCTYPE fcpxml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${xml('&b;')}`,
  ],
  'an entity from a file': [
    'fcpxml',
    `<!DOCTYPE fcpxml [<!ENTITY x SYSTEM "file:///etc/passwd">]>${xml('<gap name="&x;" duration="1s"/>')}`,
  ],
  'an external DTD with an entity': [
    'fcpxml',
    `<!DOCTYPE fcpxml SYSTEM "http://127.0.0.1:1/x.dtd" [<!ENTITY % y SYSTEM "http://127.0.0.1:1/">]>${xml('')}`,
  ],
  'too deep': ['fcpxml', xml(deep(5000))],
  'no sequence': ['fcpxml', '<fcpxml version="1.10"><resources/></fcpxml>'],
  'no rate': ['fcpxml', xml('', '<format id="r1"/>')],
  'a rate of infinity': ['fcpxml', xml('', '<format id="r1" frameDuration="1/0s"/>')],
  'a rate of a million': ['fcpxml', xml('', '<format id="r1" frameDuration="1/1000000s"/>')],
  'a negative rate': ['fcpxml', xml('', '<format id="r1" frameDuration="-1/25s"/>')],
  'a time of words': ['fcpxml', xml('<asset-clip ref="a" offset="soon" duration="1s"/>')],
  'a time beyond numbers': ['fcpxml', xml(`<asset-clip ref="a" duration="${'9'.repeat(14)}s"/>`)],
  'a timeMap that turns back in time': [
    'fcpxml',
    xml(
      '<asset-clip ref="a" duration="1s"><timeMap><timept time="1s" value="0s"/><timept time="0s" value="1s"/></timeMap></asset-clip>',
    ),
  ],
  'another ending': ['prproj', xml('')],
};

for (const [what, [ending, content]] of Object.entries(REFUSED)) {
  test(`refused: ${what}`, async () => {
    const before = [listProjects(db).length, clipPlaces(db).length];
    await assert.rejects(read(ending, content), { code: 'bad-project' });
    assert.deepEqual([listProjects(db).length, clipPlaces(db).length], before);
  });
}

test('what is no file, or too large to be a project, is not read', async () => {
  await assert.rejects(importProject(db, join(folder, 'nothing.edl'), options), { code: 'not-found' });
  await assert.rejects(importProject(db, folder, options), { code: 'not-a-file' });
  const huge = join(folder, 'huge.inbetween');
  const file = await open(huge, 'w');
  await file.truncate(100 << 20);
  await file.close();
  await assert.rejects(importProject(db, huge, options), { code: 'bad-project' });
  const { id } = createProject(db, 'target');
  for (const path of [huge, join(folder, 'x.edl')]) {
    await assert.rejects(importMarkers(db, { id, version: 0, path }), {
      code: path === huge ? 'bad-project' : 'not-found',
    });
  }
});

test('a path that leads out is not looked at, however it is written; the clip is missing', async () => {
  await symlink('/etc', join(folder, 'link'));
  const outside = [
    '/etc/hostname',
    '../../../../../../etc/hostname',
    'link/hostname',
    '/proc/self/environ',
    '/dev/zero',
  ];
  const content = changed((file) => {
    file.media = file.media.map((one, i) => {
      const path = outside[i % outside.length]!;
      return { id: one['id'], name: 'x.mov', ...(path.startsWith('/') ? { path } : { relative: path }) };
    });
  });
  added.length = 0;
  const { project, notes } = await read('inbetween', content);
  assert.deepEqual(added, []);
  assert.ok(notes.length > 0);
  assert.equal(problemOf(project.state), null);
  const fcp = await read(
    'fcpxml',
    xml(
      [
        'file:///etc/hostname',
        'file://host/share/x',
        'http://127.0.0.1/x',
        'file:///etc/%00',
        'file:///%',
        'javascript:1',
      ]
        .map((_, i) => `<asset-clip ref="a${i}" duration="1s"/>`)
        .join(''),
      '<format id="r1" frameDuration="1/25s"/>' +
        [
          'file:///etc/hostname',
          'file://host/share/x',
          'http://127.0.0.1/x',
          'file:///etc/%00',
          'file:///%',
          'javascript:1',
        ]
          .map((src, i) => `<asset id="a${i}" name="n${i}" start="0s"><media-rep src="${src}"/></asset>`)
          .join(''),
    ),
  );
  assert.deepEqual(added, []);
  assert.equal(Object.keys(fcp.project.state.clips).length, 6);
  const edl = await read(
    'edl',
    '001  AX  V  C  00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n* FROM CLIP NAME: ../../etc/hostname\n* SOURCE FILE: /etc/hostname\n',
  );
  assert.deepEqual(added, []);
  assert.equal(edl.project.name, `file${files - 1}`);
  assert.ok(!(await readdir(folder)).includes('etc'));
});

test('large but lawful: fifty thousand cuts and markers in a moment', async () => {
  const lines = Array.from({ length: 49_000 }, (_, i) => {
    const [h, m, s, f] = [1, Math.floor(i / 1500), Math.floor(i / 25) % 60, i % 25].map((n) =>
      String(n).padStart(2, '0'),
    );
    return `* LOC: ${h}:${m}:${s}:${f} RED     ${i % 2 ? 'Inbetween cut' : 'm'}`;
  });
  const event = '001  AX  V  C  00:00:00:00 00:40:00:00 01:00:00:00 01:40:00:00';
  const started = performance.now();
  const { project } = await read('edl', [event, ...lines].join('\n'));
  assert.equal(Object.keys(project.state.markers).length, 24_500);
  assert.ok(performance.now() - started < 20_000);
});
