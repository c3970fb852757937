import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blankPicture, drawLines, type Point } from '../../../app/core/tags/draw.ts';
import { drawText, fitText, textWidth } from '../../../app/core/tags/letters.ts';
import { makePlot, plotHeight, timeTicks, type PlotRequest } from '../../../app/core/tags/plot.ts';
import type { Rgb8 } from '../../../app/core/score/rgb.ts';

const WHITE = [255, 255, 255] as const;

function lit({ r }: Rgb8): number {
  return r.reduce((sum, value) => sum + value, 0) / 255;
}

test('a line covers as many pixels as its length and width say, and is no denser where it crosses itself', () => {
  const picture = blankPicture(60, 40, [0, 0, 0]);
  const line: Point[] = [
    [10, 10],
    [50, 30],
  ];
  drawLines(picture, [line], { colour: WHITE, width: 3 });
  const area = 3 * Math.hypot(40, 20) + Math.PI * 1.5 ** 2;
  assert.ok(Math.abs(lit(picture) - area) < 0.03 * area, `${lit(picture)} for ${area}`);
  const twice = blankPicture(60, 40, [0, 0, 0]);
  drawLines(twice, [line, line.toReversed()], { colour: WHITE, width: 3 });
  assert.deepEqual(twice, picture);
});

test('dashes leave out what they say, and nothing is drawn outside', () => {
  const whole = blankPicture(200, 9, [0, 0, 0]);
  const ends: Point[] = [
    [-20, 4.5],
    [260, 4.5],
  ];
  drawLines(whole, [ends], { colour: WHITE, width: 1 });
  assert.equal(Math.round(lit(whole)), 200);
  const dashed = blankPicture(200, 9, [0, 0, 0]);
  drawLines(dashed, [ends], { colour: WHITE, width: 1, dash: [10, 10] });
  assert.ok(lit(dashed) > 90 && lit(dashed) < 125, String(lit(dashed)));
});

test('every sign of ASCII has a form of its own; others are boxes', () => {
  const formOf = (letter: string): string => {
    const picture = blankPicture(24, 40, [0, 0, 0]);
    drawText(picture, letter, 2, 28, { colour: WHITE, size: 20 });
    return Buffer.from(picture.r).toString('base64');
  };
  const signs = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  const forms = new Map(signs.map((sign) => [formOf(sign), sign]));
  assert.equal(forms.size, signs.length);
  assert.ok(!forms.has(formOf('\u8df3')));
  assert.equal(formOf('\u8df3'), formOf('\u8e0a'));
  assert.equal(formOf('\u00fc'), formOf('u'));
});

test('text that is too long is cut to fit', () => {
  assert.equal(fitText('jump', 12, 200), 'jump');
  const cut = fitText('playing rock paper scissors with somebody', 12, 150);
  assert.match(cut, /^playing rock.*\.\.\.$/);
  assert.ok(textWidth(cut, 12) <= 150);
});

/** Whether a pixel is grey. */
function isGrey({ r, g, b }: Rgb8, at: number): boolean {
  return Math.max(r[at]!, g[at]!, b[at]!) - Math.min(r[at]!, g[at]!, b[at]!) < 24;
}

test('curves lie where their values say, in colour before the playhead and in grey after', () => {
  const values = Float32Array.from({ length: 50 }, () => 0.1);
  const request: PlotRequest = {
    ...{ curves: [{ label: 'jump', values }], rate: 10, seconds: 4.9 },
    ...{ width: 640, rise: 300, scale: 'log' },
  };
  const plot = makePlot(request);
  const height = plotHeight(request);
  const picture = blankPicture(640, height, [0, 0, 0]);
  plot.drawAt(picture, 0, 0, 2.45);
  const white = (x: number): boolean => [20, 60, 200].every((y) => picture.r[y * 640 + x]! > 200);
  const head = Array.from({ length: 640 }, (_, x) => x).filter(white);
  assert.ok(head.length >= 1 && head.length <= 3, String(head));
  // The brightest row left and right of the playhead: 0.1 is a third of the way down from 1 to 0.001.
  const brightest = (x: number): number => {
    const column = Array.from({ length: 300 }, (_, y) => picture.g[(y + 8) * 640 + x]!);
    return column.indexOf(Math.max(...column));
  };
  const [before, after] = [head[0]! - 30, head[0]! + 30];
  assert.ok(Math.abs(brightest(before) - 100) <= 3, String(brightest(before)));
  assert.ok(Math.abs(brightest(after) - 100) <= 3, String(brightest(after)));
  assert.ok(!isGrey(picture, (brightest(before) + 8) * 640 + before));
  assert.ok(isGrey(picture, (brightest(after) + 8) * 640 + after));
});

test('a peak of one score is seen in an hour of them', () => {
  const values = new Float32Array(36_000);
  values[20_000] = 1;
  const plot = makePlot({
    ...{ curves: [{ label: 'jump', values }], rate: 10, seconds: 3600 },
    ...{ width: 640, rise: 200, scale: 'linear' },
  });
  const { coloured } = plot;
  const column = Array.from({ length: 640 }, (_, x) => coloured.b[12 * 640 + x]!);
  assert.ok(Math.max(...column) > 120, 'drawn to the top');
});

test('the last score is drawn as long as it stands, also where it is the only one', () => {
  for (const count of [1, 3]) {
    const { coloured } = makePlot({
      ...{ curves: [{ label: 'jump', values: new Float32Array(count).fill(0.5) }], rate: 10, seconds: count / 10 },
      ...{ width: 640, rise: 200, scale: 'linear' },
    });
    const line = (x: number): boolean => {
      const rows = Array.from({ length: 20 }, (_, y) => 640 * (y + 98) + x);
      return rows.some((at) => coloured.b[at]! > 150 && !isGrey(coloured, at));
    };
    assert.ok([100, 300, 500, 600].every(line), `${count} scores`);
  }
});

test('marks of the time axis are round numbers, not too many', () => {
  for (const seconds of [0.5, 3, 10, 59, 61, 600, 7200, 100_000]) {
    const { step, format } = timeTicks(seconds, 8);
    assert.ok(seconds / step <= 9 && seconds / step >= 1, `${seconds}: ${step}`);
    assert.equal(new Set(Array.from({ length: Math.ceil(seconds / step) }, (_, i) => format(i * step))).size > 0, true);
  }
  assert.equal(timeTicks(600, 8).format(125), '2:05');
  assert.equal(timeTicks(7200, 8).format(3725), '1:02:05');
});
