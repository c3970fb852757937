/** Where the picture of a frame comes from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClipPreview } from '../../../app/contract/preview.ts';
import type { ProjectState, TimelineClip } from '../../../app/contract/project.ts';
import { TICKS } from '../../../app/contract/time.ts';
import { placeOf, type PlannedClip } from '../../../app/renderer/preview/place.ts';

const FRAME = TICKS / 25;

/** Ten frames at half speed, from frame 5 of the sequence on. */
const clip: TimelineClip = {
  id: 'c',
  media: 'm',
  name: 'Film',
  start: 5,
  keys: [
    { output: 0, source: 0, ease: 'linear' },
    { output: 0.8, source: 0.4, ease: 'linear' },
  ],
  first: 4,
  frames: 10,
  engine: 'glide',
  audio: 'auto',
  cuts: { auto: true, added: [], removed: [], accepted: [] },
  holds: 'auto',
  maxHold: 2,
  shutter: 180,
  remedies: [],
};

function stateOf(changes: Partial<TimelineClip> = {}): ProjectState {
  const settings = {
    rate: { num: 25, den: 1 },
    width: 64,
    height: 36,
    pixelFormat: 'yuv420p',
    colour: {},
    sampleRate: 48_000,
    channels: 2,
  };
  return { settings, clips: { c: { ...clip, ...changes } }, markers: {} };
}

/** Chunks of the retime's frames 0..7 (ready) and 8..15 (not). */
function plansFor(made: TimelineClip): ReadonlyMap<string, PlannedClip> {
  const preview: ClipPreview = {
    clip: 'c',
    version: 1,
    kinds: Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 0 : 2)),
    sources: Array.from({ length: 10 }, (_, i) => ((4 + i) * FRAME) / 2),
    confidence: [],
    cuts: [],
    direct: false,
    chunks: [
      { key: 'a', first: 0, frames: 8, ready: true },
      { key: 'b', first: 8, frames: 8, ready: false },
    ],
    notes: [],
    sound: null,
  };
  return new Map([['c', { preview, made }]]);
}

test('gaps are black', () => {
  assert.equal(placeOf(stateOf(), new Map(), 4).kind, 'black');
  assert.equal(placeOf(stateOf(), new Map(), 15).kind, 'black');
});

test('without a plan the nearest real frame stands in', () => {
  const place = placeOf(stateOf(), new Map(), 6);
  assert.ok(place.kind === 'source' && !place.rendered);
  assert.deepEqual(place.source, { media: 'm', seconds: 2.5 / 25, choice: 'nearest' });
});

test('a finished chunk is counted in frames of the whole retime', () => {
  const place = placeOf(stateOf(), plansFor(clip), 6);
  assert.ok(place.kind === 'chunk');
  assert.deepEqual([place.chunk.key, place.index, place.frameKind], ['a', 5, 'between']);
});

test('beyond it real frames are shown as they are, synthesised ones are said to be missing', () => {
  const [real, between] = [placeOf(stateOf(), plansFor(clip), 9), placeOf(stateOf(), plansFor(clip), 10)];
  assert.ok(real.kind === 'source' && real.rendered);
  assert.equal(real.source.seconds, 4 / 25);
  assert.ok(between.kind === 'source' && !between.rendered);
});

test('a plan outlives moving and trimming, and nothing else', () => {
  const trimmed = placeOf(stateOf({ start: 20, first: 6, frames: 4 }), plansFor(clip), 21);
  assert.ok(trimmed.kind === 'chunk' && trimmed.index === 7);
  const copy = placeOf(structuredClone(stateOf()), plansFor(clip), 6);
  assert.equal(copy.kind, 'chunk', 'another object with the same in it');
  const other = placeOf(stateOf({ engine: 'blend' }), plansFor(clip), 6);
  assert.ok(other.kind === 'source' && !other.rendered);
});
