import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClipDetails, ClipSummary } from '../../../app/contract/library.ts';
import { isSpecial, problemOf, showClipRate, showLength, showSize } from '../../../app/renderer/clip/describe.ts';
import { audioLine, chapterLines, factRows, streamLine, videoRows } from '../../../app/renderer/clip/inspect.ts';

const clip: ClipSummary = {
  id: 'a',
  name: 'a.mp4',
  path: '/films/a.mp4',
  state: 'ready',
  problem: null,
  duration: 65,
  rate: { num: 24_000, den: 1001 },
  vfr: false,
  width: 1920,
  height: 1080,
  codec: 'h264',
  bitDepth: 8,
  hdr: false,
  hasAudio: true,
  bytes: 10,
  tags: [],
  addedAt: '2026-01-01T00:00:00.000Z',
  thumbs: 24,
  duplicates: 0,
  proxy: 'unneeded',
};

test('a clip in a few words', () => {
  assert.deepEqual([showSize(clip), showClipRate(clip), showLength(clip)], ['1080p', '23.976 fps', '1:05']);
  assert.equal(showSize({ width: 1080, height: 1920 }), '1080 × 1920');
  assert.equal(showClipRate({ ...clip, vfr: true, rate: { num: 300_000, den: 10_201 } }), '~29.409 fps');
  assert.equal(showClipRate({ ...clip, thumbs: 1 }), '', 'one picture has no rate');
  assert.deepEqual([showSize({ width: null, height: null }), showLength({ duration: null })], ['', '']);
  assert.equal(isSpecial(clip), false);
  assert.equal(isSpecial({ ...clip, state: 'missing' }) && isSpecial({ ...clip, proxy: 'making' }), true);
});

test('a refusal is told without the path that stands beside it', () => {
  const told = (problem: string): string => problemOf({ path: '/films/a.mp4', problem });
  assert.equal(told('/films/a.mp4 is empty.'), 'It is empty.');
  assert.equal(
    told('The video of /films/a.mp4 is vvc, which this ffmpeg cannot decode.'),
    'Its video is vvc, which this ffmpeg cannot decode.',
  );
  assert.equal(
    told('No picture of /films/a.mp4 can be decoded: it is damaged.'),
    'No picture can be decoded: it is damaged.',
  );
});

test('the inspector says what probing and decoding found', () => {
  const details: ClipDetails = {
    ...clip,
    contentHash: null,
    duplicateOf: [],
    hdr: true,
    info: {
      path: clip.path,
      format: 'mov,mp4',
      bytes: 10,
      video: {
        index: 0,
        codec: 'hevc',
        pixelFormat: 'yuv420p10le',
        codedWidth: 1920,
        codedHeight: 1080,
        width: 1080,
        height: 1920,
        rotation: 90,
        mirrored: false,
        sampleAspect: { num: 2, den: 1 },
        timeBase: { num: 1, den: 90_000 },
        bitDepth: 10,
        colour: { range: 'limited', matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'arib-std-b67' },
        hasAlpha: false,
        dolbyVision: false,
      },
      audio: [],
      other: [],
      chapters: 0,
      tags: {},
      warnings: [],
    },
  };
  const rows = new Map(videoRows(details));
  assert.equal(rows.get('Picture'), '1080 × 1920 (1080p)');
  assert.equal(rows.get('Turned'), '90°');
  assert.equal(rows.get('Pixels'), '2:1, not square');
  assert.equal(rows.get('HDR'), 'HLG');
  assert.equal(rows.get('Codec'), 'hevc, 10 bit, yuv420p10le');
  const facts = {
    frames: 48,
    times: [],
    end: 2,
    rate: { num: 24, den: 1 },
    vfr: false,
    cuts: [1],
    holds: [[3, 5]] as [number, number][],
    shots: [
      { first: 0, frames: 24, cadence: 'twos' as const, share: 1, regularity: 1, repeated: 0.5 },
      { first: 24, frames: 24, cadence: 'ones' as const, share: 1, regularity: 1, repeated: 0 },
    ],
    fields: { kind: 'interlaced' as const, says: 'is interlaced, top field first', notes: [] },
  };
  assert.deepEqual(factRows(facts), [
    ['Frames', '48'],
    ['True rate', '24/1 fps'],
    ['True length', '2.000 s'],
    ['Cuts', '1 cut'],
    ['Repeated', '2 frames'],
    ['Drawn', 'on twos: shot 1; on ones: shot 2'],
    ['Fields found', 'interlaced, top field first'],
  ]);
  assert.equal(
    audioLine({ index: 1, codec: 'aac', sampleRate: 44_100, channels: 6, language: 'de' }),
    'aac, 44.1 kHz, 6 channels, de',
  );
  assert.equal(streamLine({ index: 2, type: 'subtitle', codec: 'ass' }), 'Subtitles: ass');
  const forced = { language: 'fra', title: 'Signs', dispositions: ['default', 'forced'] };
  assert.equal(
    streamLine({ index: 3, type: 'subtitle', codec: 'ass', ...forced }),
    'Subtitles: ass, fra, Signs, forced',
  );
  assert.equal(streamLine({ index: 4, type: 'attachment', codec: '', fileName: 'a.ttf' }), 'Attachment: a.ttf');
  assert.equal(streamLine({ index: 5, type: 'data', codec: '' }), 'Data');
  assert.deepEqual(chapterLines({ chapters: 2 }), ['2 chapters']);
  assert.deepEqual(chapterLines({ chapters: 1, chapterList: [{ start: -1, end: 2, title: 'One' }] }).length, 1);
});
