import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TICKS, type Rational } from '../../../app/contract/time.ts';
import { readFcpxml } from '../../../app/core/projects/interchange/fcpxml-read.ts';
import { writeFcpxml } from '../../../app/core/projects/interchange/fcpxml-write.ts';
import { parseXml, type XmlElement } from '../../../app/core/projects/interchange/xml.ts';
import { problemOf } from '../../../app/core/sequence/apply.ts';
import { sourceAt } from '../../../app/core/sequence/geometry.ts';
import { everything, inOrder, markersOf, media, rebuilt } from './interchange-fixture.ts';

const RATES: Rational[] = [
  { num: 25, den: 1 },
  { num: 24_000, den: 1001 },
  { num: 60_000, den: 1001 },
];

test('there and back: everything is as it was, to the tick', () => {
  for (const rate of RATES) {
    for (const timecode of [undefined, { frames: 86_400, drop: false }]) {
      const out = { ...everything(rate), media: media(rate, timecode) };
      const read = readFcpxml(writeFcpxml(out).text);
      assert.deepEqual([read.rate, read.name, read.notes], [rate, 'Everything & more', []]);
      assert.deepEqual(read.size, { width: 1920, height: 1080 });
      assert.equal(read.clips[1]!.media.path, '/clips/a b/half & "slow" <1>.mp4');
      const back = rebuilt(read, out);
      assert.equal(problemOf(back), null);
      assert.deepEqual(markersOf(back), markersOf(out.state));
      const plain = (one: ReturnType<typeof inOrder>[number]) => ({ ...one, id: '' });
      assert.deepEqual(inOrder(back).map(plain), inOrder(out.state).map(plain));
    }
  }
});

test('without our own metadata the timeMap says nearly the same', () => {
  const rate = { num: 30_000, den: 1001 };
  const out = { ...everything(rate), media: media(rate, { frames: 107_892, drop: true }) };
  const foreign = writeFcpxml(out).text.replaceAll(/<metadata>[\s\S]*?<\/metadata>/g, '');
  const back = inOrder(rebuilt(readFcpxml(foreign), out));
  const frame = (TICKS * rate.den) / rate.num;
  for (const [i, one] of inOrder(out.state).entries()) {
    assert.deepEqual([back[i]!.start, back[i]!.frames], [one.start, one.frames]);
    for (let k = 0; k < one.frames; k++) {
      const error = Math.abs(sourceAt(one, rate, k) - sourceAt(back[i]!, rate, k)) / frame;
      // Points along the curved pieces, and nothing lost elsewhere.
      assert.ok(error < (one.id === 'c5' ? 0.2 : 1e-3), `${one.name}, frame ${k}: ${error} source frames`);
    }
  }
});

test('a retime that another program has changed is that program’s, not what the metadata remembers', () => {
  const out = everything({ num: 25, den: 1 });
  const text = writeFcpxml(out).text;
  const half = /<timept time="32s" value="16s" interp="linear"\/>/;
  assert.match(text, half);
  const changed = readFcpxml(text.replace(half, '<timept time="32s" value="8s" interp="linear"/>'));
  const slow = inOrder(rebuilt(changed, out))[1]!;
  assert.equal(slow.keys.at(-1)!.source, 8);
  assert.equal(inOrder(rebuilt(readFcpxml(text), out))[1]!.keys.at(-1)!.source, 16);
});

test('what is written is well-formed and its positions are whole frames', () => {
  const { text, notes } = writeFcpxml(everything({ num: 24_000, den: 1001 }));
  assert.match(notes.join(' '), /curve\.mov/);
  const root = parseXml(text);
  assert.deepEqual([root.name, root.attributes.get('version')], ['fcpxml', '1.10']);
  assert.match(text, /<media-rep kind="original-media" src="file:\/\/\/clips\/a%20b\/plain\.mov"\/>/);
  assert.match(text, /<format id="r1" frameDuration="1001\/24000s" width="1920" height="1080"\/>/);
  assert.match(text, /<keyword start="[^"]+" duration="1001\/400s" value="a stretch" note="colour=purple"\/>/);
  for (const [, num, den = '1'] of text.matchAll(/offset="(\d+)(?:\/(\d+))?s"/g)) {
    assert.ok(Number.isInteger((Number(num) * 24_000) / (Number(den) * 1001)), `${num}/${den}`);
  }
});

/** Of the document type 1.10: the attributes of each element that is written, and its children in order. */
const TYPE: Record<string, [attributes: string, children: RegExp]> = {
  fcpxml: ['version', /^resources library$/],
  resources: ['', /^(format |asset )*$/],
  format: ['id name frameDuration width height', /^$/],
  asset: ['id name start duration hasVideo format hasAudio audioSources audioChannels audioRate', /^media-rep $/],
  'media-rep': ['kind src', /^$/],
  library: ['', /^(event )*$/],
  event: ['name', /^(project )*$/],
  project: ['name', /^sequence $/],
  sequence: ['format duration tcStart tcFormat audioLayout audioRate', /^spine $/],
  spine: ['', /^(asset-clip |gap )*$/],
  gap: ['name offset start duration', /^((marker|keyword) )*$/],
  'asset-clip': ['ref name offset start duration srcEnable tcFormat', /^(timeMap )?((marker|keyword) )*(metadata )?$/],
  timeMap: ['frameSampling preservesPitch', /^(timept )*$/],
  timept: ['time value interp', /^$/],
  marker: ['start duration value note', /^$/],
  keyword: ['start duration value note', /^$/],
  metadata: ['', /^(md )*$/],
  md: ['key value', /^$/],
};

test('what is written is of Apple’s document type', () => {
  const check = ({ name, attributes, children }: XmlElement) => {
    const [allowed, order] = TYPE[name] ?? assert.fail(`There is no element ${name}`);
    for (const key of attributes.keys()) assert.ok(allowed.split(' ').includes(key), `${name} has no ${key}`);
    assert.match(
      `${children.map((child) => child.name).join(' ')}${name === 'fcpxml' || children.length === 0 ? '' : ' '}`,
      order,
    );
    children.forEach(check);
  };
  const out = everything({ num: 30_000, den: 1001 });
  check(parseXml(writeFcpxml(out).text));
  check(parseXml(writeFcpxml({ ...out, media: new Map() }).text));
});

test('files of other programs: clips with video inside, no offsets, timecodes, what is left out is said', () => {
  const read = readFcpxml(`<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.8"><resources>
    <format id="r1" frameDuration="100/2500s" width="1280" height="720"/>
    <asset id="r2" name="A001" src="file://localhost/media/A%20001.mov" start="3600s" duration="20s" hasVideo="1"/>
    <asset id="r3" name="B" hasVideo="1"><media-rep src="./Media/B%20002.mov"/></asset></resources>
    <library><event><project name="Cut 1"><sequence format="r1" tcStart="3600s"><spine>
    <clip name="One" offset="3600s" duration="4s" start="3602s"><video ref="r2" offset="3600s" start="3600s" duration="20s"/>
      <marker start="3603s" duration="1/25s" value="here"/><chapter-marker start="3604s" value="chapter"/></clip>
    <transition duration="1s"/>
    <asset-clip ref="r2" name="Two" duration="50/25s"><timeMap><timept time="0s" value="3600s" interp="linear"/>
      <timept time="10s" value="3605s" interp="linear"/></timeMap><title lane="1" duration="1s"/></asset-clip>
    <title name="Text" duration="1s"/>
    <video ref="r3" duration="1s" start="10s"/></spine></sequence></project></event></library></fcpxml>`);
  assert.deepEqual(
    read.clips.map(({ name, start, frames }) => [name, start, frames]),
    [
      ['One', 0, 100],
      ['Two', 100, 50],
      ['B 002.mov', 175, 25],
    ],
  );
  assert.deepEqual(read.clips[0]!.media, { name: 'A 001.mov', path: '/media/A 001.mov' });
  assert.deepEqual(read.clips[0]!.retime, { kind: 'constant', from: 2, speed: 1 });
  assert.deepEqual(read.clips[2]!.media, { name: 'B 002.mov', relative: './Media/B 002.mov' });
  assert.deepEqual(read.clips[2]!.retime, { kind: 'constant', from: 10, speed: 1 });
  const { retime } = read.clips[1]!;
  assert.equal(retime.kind === 'keys' && retime.first, 0);
  assert.deepEqual(retime.kind === 'keys' && retime.keys.map(({ output, source }) => [output, source]), [
    [0, 0],
    [10, 5],
  ]);
  assert.deepEqual(
    read.markers.map(({ frame, name }) => [frame, name]),
    [
      [25, 'here'],
      [50, 'chapter'],
    ],
  );
  assert.equal(read.notes.length, 3);
});
