/** Times led through a map the other way round, and what is inside of events. No ffmpeg. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TimeMap } from '../../../../app/core/time/map.ts';
import { retimeAssText } from '../../../../app/core/media/tracks/ass-text.ts';
import { legsOf, shownSpans } from '../../../../app/core/media/tracks/inverse.ts';
import { pictureEvents, placePictures } from '../../../../app/core/media/tracks/picture-packets.ts';
import { flattened, placeText } from '../../../../app/core/media/tracks/text-events.ts';
import { parseWebvtt, retimeCueText, writeWebvtt } from '../../../../app/core/media/tracks/webvtt.ts';
import { FIGURE } from '../../../guarantees/promise.ts';
import { random as seeded } from '../../../support/random.ts';
import { pgs } from '../../../support/tracks.ts';

/** A map of pieces: each lasts so many seconds and goes from one source second to another; bent ones in a curve. */
function mapOf(pieces: readonly { lasts: number; from: number; to: number; bent?: boolean }[]): TimeMap {
  const starts = pieces.map((_, i) => pieces.slice(0, i).reduce((sum, { lasts }) => sum + lasts, 0));
  const duration = pieces.reduce((sum, { lasts }) => sum + lasts, 0);
  return {
    duration,
    pieces: starts,
    sourceAt(output) {
      const i = starts.findLastIndex((start) => start <= output + 1e-9);
      const { lasts, from, to, bent } = pieces[Math.max(0, i)]!;
      const share = (output - starts[Math.max(0, i)]!) / lasts;
      return from + (to - from) * (bent ? share * share : share);
    },
  };
}

test('a span of the source is in the output exactly where the map shows it: any speed, ramps, freezes, backwards, jumps, trims', (context) => {
  const random = seeded(7);
  let [worst, checked] = [0, 0];
  for (let round = 0; round < 60; round++) {
    const pieces = Array.from({ length: 1 + Math.floor(random() * 4) }, () => {
      const [from, to] = [random() * 10, random() * 10];
      const kind = random();
      return { lasts: 0.3 + random() * 3, from, to: kind < 0.2 ? from : to, bent: kind > 0.6 };
    });
    const map = mapOf(pieces);
    const spans = Array.from({ length: 20 }, () => {
      const start = random() * 11 - 0.5;
      return { start, end: start + random() * 2 };
    });
    const shown = shownSpans(legsOf(map), spans);
    for (const [i, { start, end }] of spans.entries()) {
      for (let k = 0; k < 100; k++) {
        const output = random() * map.duration;
        const source = map.sourceAt(output);
        // Within a frame of a hundred thousand a second either is right.
        const clear = Math.min(Math.abs(source - start), Math.abs(source - end));
        const within = source >= start && source < end;
        const said = shown[i]!.some(({ from, to }) => output >= from && output < to);
        checked++;
        if (said !== within) worst = Math.max(worst, clear);
      }
    }
  }
  // The map is read every 20 ms and taken to be straight between: off by what a ramp bends in that time.
  assert.ok(worst < 0.004, `${worst} s beside the edge of a span`);
  context.diagnostic(
    `${FIGURE}an event comes and goes at most ${(worst * 1000).toFixed(2)} ms of source beside its place, ${checked} places`,
  );
});

test('constant speeds are exact, and one leg however long', () => {
  for (const [speed, seconds] of [
    [0.25, 40],
    [-0.5, 8000],
    [8, 2],
  ] as const) {
    const map = mapOf([
      { lasts: seconds, from: speed > 0 ? 0 : -speed * seconds, to: speed > 0 ? speed * seconds : 0 },
    ]);
    const legs = legsOf(map);
    assert.equal(legs.length, 1);
    const [[only, ...more] = []] = shownSpans(legs, [{ start: 1, end: 2 }]);
    assert.ok(only && more.length === 0);
    const ends = speed > 0 ? [1 / speed, 2 / speed] : [seconds + 2 / speed, seconds + 1 / speed];
    assert.ok(Math.abs(only.from - ends[0]!) < 1e-6 && Math.abs(only.to - ends[1]!) < 1e-6, JSON.stringify(only));
  }
});

test('a hundred thousand events through a ramp, and thousands at one time, take a moment', (context) => {
  const map = mapOf(
    Array.from({ length: 20 }, (_, i) => ({ lasts: 60, from: 30 * i, to: 30 * i + 30, bent: i % 2 > 0 })),
  );
  const apart = Array.from({ length: 100_000 }, (_, i) => ({ start: i * 0.006, end: i * 0.006 + 0.02, text: `${i}` }));
  const started = performance.now();
  const placed = placeText(apart, shownSpans(legsOf(map), apart));
  assert.ok(placed.length >= 99_000);
  const flat = flattened(placed);
  assert.ok(flat.every(({ start, end }, i) => start < end && (i === 0 || start >= flat[i - 1]!.end)));
  assert.ok(flat.every(({ text }) => text.split('\n').length <= 20));
  const crowd = Array.from({ length: 5000 }, (_, i) => ({ start: i, end: 600_000, text: `${i}` }));
  assert.equal(flattened(crowd).length, 5000);
  const seconds = (performance.now() - started) / 1000;
  context.diagnostic(`${FIGURE}100000 events retimed and put line under line in ${seconds.toFixed(1)} s`);
  assert.ok(seconds < 20, `${seconds} s`);
});

test('events that are wrong do no harm: before zero, beyond the end, empty, backwards', () => {
  const legs = legsOf(mapOf([{ lasts: 4, from: 1, to: 3 }]));
  const events = [
    { start: -5, end: -4 },
    { start: -5, end: 1.5 },
    { start: 2, end: 2 },
    { start: 2.5, end: 2.4 },
    { start: 2.5, end: 1e9 },
    { start: 7, end: 8 },
    { start: Number.NaN, end: 2 },
  ].map((one) => ({ ...one, text: 'x' }));
  const placed = placeText(events, shownSpans(legs, events));
  assert.deepEqual(
    placed.map(({ start, end }) => [start, end]),
    [
      [0, 1000],
      [3000, 4000],
    ],
  );
});

test('karaoke, movements and fades inside ASS go with the event', () => {
  const double = (ms: number): number => 2 * ms;
  const of = (text: string): string => retimeAssText(text, double, 1000, 2000);
  assert.equal(of(String.raw`{\k20}a{\kf30\ko10}b{\K5}c`), String.raw`{\k40}a{\kf60\ko20}b{\K10}c`);
  assert.equal(
    of(String.raw`{\t(100,200,\fs20)\t(\fs3)\t(2,\fs3)}`),
    String.raw`{\t(200,400,\fs20)\t(\fs3)\t(2,\fs3)}`,
  );
  assert.equal(
    of(String.raw`{\move(1,2,3,4)\move(1,2.5,3,4,100,300)}`),
    String.raw`{\move(1,2,3,4)\move(1,2.5,3,4,200,600)}`,
  );
  assert.equal(of(String.raw`{\fad(100,200)}`), String.raw`{\fad(200,400)}`);
  assert.equal(of(String.raw`{\fade(255,0,255,0,100,800,1000)}`), String.raw`{\fade(255,0,255,0,200,1600,2000)}`);
  // Not inside braces, and what only looks like it.
  assert.equal(of(String.raw`\k20 {\kern20}`), String.raw`\k20 {\kern20}`);
  // Cut at the beginning: the syllable that is over is over at once.
  const cut = retimeAssText(String.raw`{\k20}a{\k30}b`, (ms) => ms - 200, 500, 300);
  assert.equal(cut, String.raw`{\k0}a{\k30}b`);
});

test('WebVTT keeps names, settings, styles and times inside', () => {
  const text =
    'WEBVTT title\n\nSTYLE\n::cue { color: red }\n\nnamed\n00:01.000 --> 01:00:02.500 line:10%\nOne <00:01.500>two\n\n00:03.000 --> 00:04.000\nthree\n';
  const { head, cues } = parseWebvtt(text.replaceAll('\n', '\r\n'));
  assert.equal(cues[0]!.end, 3602.5);
  assert.equal(
    retimeCueText(cues[0]!.text, (ms) => 2 * ms),
    'One <00:00:03.000>two',
  );
  const written = writeWebvtt(
    head,
    cues.map((cue) => ({ ...cue, start: cue.start * 2000, end: cue.end * 2000 })),
  );
  assert.deepEqual(parseWebvtt(written).cues[0], {
    start: 2,
    end: 7205,
    name: 'named',
    settings: 'line:10%',
    text: 'One <00:01.500>two',
  });
  assert.match(written, /^WEBVTT title\n\nSTYLE\n::cue/);
  assert.deepEqual(parseWebvtt('').cues, []);
});

test('PGS: a picture is cleared where it ends, and comes with what it builds on', () => {
  const builds = Buffer.from(pgs(true, 2));
  builds[10] = 0;
  const packets = [
    { start: 1, duration: 0, data: pgs(true, 0) },
    { start: 2, duration: 0, data: builds },
    { start: 3, duration: 0, data: pgs(false, 3) },
  ];
  const codec = 'hdmv_pgs_subtitle';
  const events = pictureEvents(codec, packets);
  assert.deepEqual(events, [
    { start: 1, end: 2, packet: 0 },
    { start: 2, end: 3, packet: 1 },
  ]);
  const through = (map: TimeMap): [number, number][] => {
    const shown = shownSpans(legsOf(map), events);
    return placePictures(codec, packets, events, shown).map(({ start, data }) => [
      start,
      packets.findIndex((one) => one.data === data),
    ]);
  };
  // Half speed; only the second of them; backwards.
  assert.deepEqual(through(mapOf([{ lasts: 8, from: 0, to: 4 }])), [
    [2000, 0],
    [4000, 1],
    [6000, 2],
  ]);
  assert.deepEqual(through(mapOf([{ lasts: 2, from: 2.5, to: 4.5 }])), [
    [0, 0],
    [0, 1],
    [500, 2],
  ]);
  assert.deepEqual(through(mapOf([{ lasts: 4, from: 4, to: 0 }])), [
    [1000, 0],
    [1000, 1],
    [2000, 0],
    [3000, 2],
  ]);
});

test('VobSub: the picture itself is told when to go', () => {
  // Size, place of the control sequence, which shows at once; the last, which hides after 50 units.
  const data = Buffer.from([0, 16, 0, 4, 0, 0, 0, 10, 1, 255, 0, 50, 0, 10, 2, 255]);
  const packets = [{ start: 1, duration: 0, data }];
  const events = pictureEvents('dvd_subtitle', packets);
  assert.ok(Math.abs(events[0]!.end - 1 - (50 * 1024) / 90_000) < 1e-9);
  const shown = shownSpans(legsOf(mapOf([{ lasts: 8, from: 0, to: 2 }])), events);
  const [only] = placePictures('dvd_subtitle', packets, events, shown);
  assert.deepEqual([only!.start, only!.end], [4000, 6276]);
  assert.deepEqual([only!.data.readUInt16BE(4), only!.data.readUInt16BE(10)], [0, 200]);
  // One that points in a circle, or beyond itself.
  assert.equal(
    pictureEvents('dvd_subtitle', [{ start: 0, duration: 0, data: Buffer.from([0, 4, 255, 255]) }])[0]!.end,
    Infinity,
  );
});
