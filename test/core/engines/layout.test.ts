import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLayout } from '../../../app/core/engines/glide/layout.ts';
import type { Layout } from '../../../app/core/engines/glide/layout.ts';
import { BEST, DRAFT, STANDARD } from '../../../app/core/engines/glide/settings.ts';
import { FORMATS } from './frames.ts';

const megabytes = (layout: Layout): number => layout.end / 1e6;

test('memory: 1080p within 600 MB for every preset, 8K within 2 GB, whatever the format', () => {
  for (const format of Object.values(FORMATS))
    for (const settings of [DRAFT, STANDARD, BEST]) {
      const size = (w: number, h: number): number => megabytes(createLayout(1 << 20, format, w, h, 8, settings));
      assert.ok(size(1920, 1080) < 600, `${format.name}: ${size(1920, 1080)} MB`);
      assert.ok(size(7680, 4320) < 2000, `${format.name}: ${size(7680, 4320)} MB`);
    }
});

test('flow is as large as the settings allow, and every address has its own place', () => {
  for (const [w, h, factor] of [
    [854, 480, 1],
    [1920, 1080, 2],
    [3840, 2160, 4],
    [7680, 4320, 8],
  ] as const) {
    const layout = createLayout(1 << 20, FORMATS.yuv420p, w, h, 2, STANDARD);
    assert.equal(layout.factor, factor);
    const [finest] = layout.grids;
    assert.ok(finest && finest.w * finest.h <= STANDARD.flowPixels);
    const planes = layout.planes.flatMap((place) =>
      [...place.slots, place.out].map((at) => [at, at + place.bytes] as const),
    );
    const ordered = planes.toSorted(([a], [b]) => a - b);
    ordered.forEach(([at], i) => assert.ok(i === 0 || at >= (ordered[i - 1]?.[1] ?? 0)));
    assert.ok(ordered.every(([, end]) => end <= layout.end));
  }
});

interface Entry {
  set: string;
  id: string;
  video: string;
  frames: [number, number, number];
  t: number;
}

test('the dev split: distinct triplets whose t is where the middle frame lies', (context) => {
  const folder = new URL('../../dev/', import.meta.url).pathname;
  const entries = JSON.parse(readFileSync(join(folder, 'protocol.json'), 'utf8')) as Entry[];
  assert.ok(entries.length >= 60);
  assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
  assert.ok(new Set(entries.map(({ video }) => video)).size >= 15);
  for (const { frames, t } of entries) {
    const [a, middle, b] = frames;
    assert.ok(a < middle && middle < b);
    assert.equal((middle - a) / (b - a), t);
  }
  if (!process.env.INBETWEEN_SHARED)
    return context.diagnostic('INBETWEEN_SHARED is not set: its clips were not looked for');
  for (const { video } of entries) assert.ok(existsSync(join(folder, video)), video);
});
