/** Clips of one colour system in sequences of another, held against arithmetic in double precision. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ColourInfo, Range } from '../../../app/contract/media.ts';
import { capabilities } from '../../../app/core/media/capabilities.ts';
import { colourArgs } from '../../../app/core/media/colour.ts';
import { SHOWN, shownFilters } from '../../../app/core/media/convert-colour.ts';
import { conformed, conformNotes, type Canvas } from '../../../app/core/media/conform.ts';
import { runFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import { frameBytes, frameFromBytes } from '../../../app/core/media/frame.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { toneMap } from '../../../app/core/media/tone-map.ts';
import { FIGURE } from '../../guarantees/promise.ts';
import { SYSTEMS } from '../../support/colour-charts.ts';
import { converted, KINDS, rgbOf, yuvOf, type Triple } from '../../support/colour-reference.ts';
import { infoOf, planFor } from './output-kit.ts';

const SIDE = 64;
type Named = keyof typeof KINDS;

function colourOf(name: Named, range: Range): ColourInfo {
  const { matrix, primaries, transfer } = SYSTEMS.find((system) => system.name === name)!;
  return { range, matrix, primaries, transfer };
}

interface Scale {
  readonly black: number;
  readonly span: number;
  readonly middle: number;
  readonly chroma: number;
}

function scaleOf(bits: number, range: Range): Scale {
  const [unit, top] = [2 ** (bits - 8), 2 ** bits - 1];
  return range === 'full'
    ? { black: 0, span: top, middle: 2 ** (bits - 1), chroma: top }
    : { black: 16 * unit, span: 219 * unit, middle: 128 * unit, chroma: 224 * unit };
}

/** Colours all over the gamut, the greys first, as planes of 4:4:4. `most` is the highest of R'G'B'. */
function picture(format: string, range: Range, name: Named, most: number): { planes: Uint8Array; colours: Triple[] } {
  const pixels = pixelFormat(format);
  const { black, span, middle, chroma } = scaleOf(pixels.bits, range);
  const planes = new Uint8Array(frameBytes(pixels, SIDE, SIDE));
  const frame = frameFromBytes(pixels, SIDE, SIDE, planes, 0, 0);
  const coarse = format.includes('420');
  const { matrix } = KINDS[name];
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (most * state) / 2 ** 32;
  };
  const colours = Array.from({ length: SIDE * SIDE }, (_, i): Triple => {
    const grey = (most * i) / 511;
    const [y, cb, cr] = yuvOf(i < 512 ? [grey, grey, grey] : [random(), random(), random()], matrix);
    const codes = [black + span * y, middle + chroma * cb, middle + chroma * cr].map(Math.round);
    codes.forEach((code, p) => (frame.planes[p]!.data[coarse && p > 0 ? i >> 2 : i] = code));
    return [(codes[0]! - black) / span, (codes[1]! - middle) / chroma, (codes[2]! - middle) / chroma];
  });
  return { planes, colours };
}

interface Case {
  readonly from: Named;
  readonly to: Named;
  readonly source?: string;
  readonly target?: string;
  readonly ranges?: readonly [Range, Range];
  /** Highest of R'G'B' in the source. */
  readonly most?: number;
  readonly peak?: number;
}

/** The largest and mean difference, in codes of the target, over colours that the target's gamut has. */
async function measured({
  from,
  to,
  source = 'yuv444p',
  target = source,
  ranges = ['limited', 'limited'],
  most = 1,
  peak,
}: Case) {
  const { filters } = await capabilities();
  const hdr = peak === undefined ? {} : { hdr: { contentLight: { max: peak, average: 100 } } };
  const info = infoOf(source, SIDE, SIDE, { colour: colourOf(from, ranges[0]), ...hdr });
  const canvas: Canvas = { width: SIDE, height: SIDE, format: pixelFormat(target), colour: colourOf(to, ranges[1]) };
  const base = await planFor(target, {
    codec: 'ffv1',
    path: 'a.mkv',
    width: SIDE,
    height: SIDE,
    video: { colour: canvas.colour },
  });
  const plan = conformed(base, canvas, info, filters);
  const { planes, colours } = picture(source, ranges[0], from, most);
  const input = ['-f', 'rawvideo', '-pixel_format', plan.input.pixelFormat, '-video_size', `${SIDE}x${SIDE}`];
  const { stdout } = await runFfmpeg(
    [
      ...[...input, ...colourArgs(plan.fed), '-i', 'pipe:0', '-vf', plan.filters.join(',')],
      ...['-f', 'rawvideo', '-pix_fmt', target, 'pipe:1'],
    ],
    { input: planes, logLevel: 'error' },
  );
  const found = frameFromBytes(canvas.format, SIDE, SIDE, Buffer.copyBytesFrom(stdout), 0, 0);
  const { black, span, middle, chroma } = scaleOf(canvas.format.bits, ranges[1]);
  let [max, sum, count] = [0, 0, 0];
  const bias = [0, 0, 0];
  colours.forEach((colour, i) => {
    const wanted = converted(colour, KINDS[from], KINDS[to], peak);
    const rgb = rgbOf(wanted, KINDS[to].matrix);
    // What the gamut has not is cut off here and kept there.
    if (rgb.some((value) => value < 1e-3 || value > 1 - 1e-3)) return;
    const codes = [black + span * wanted[0], middle + chroma * wanted[1], middle + chroma * wanted[2]];
    codes.forEach((code, p) => {
      const off = found.planes[p]!.data[i]! - code;
      bias[p]! += off;
      max = Math.max(max, Math.abs(off));
      sum += Math.abs(off);
    });
    count++;
  });
  assert.ok(count > 300, `${count} colours are within the gamut`);
  return { max, mean: sum / count / 3, bias: Math.max(...bias.map((off) => Math.abs(off) / count)) };
}

/** One rounding, and what 32-bit floats and constants of few digits make of half a code. */
const ROUNDING = 0.57;

test('conformed clips are exact to rounding: matrices, ranges, gamuts, depths and SDR in HDR', async (t) => {
  const cases: Case[] = [
    { from: 'BT.601 525', to: 'BT.709' },
    { from: 'BT.601 625', to: 'BT.709', ranges: ['full', 'limited'] },
    { from: 'BT.709', to: 'BT.601 525', ranges: ['limited', 'full'] },
    { from: 'BT.709', to: 'BT.2020', target: 'yuv444p10le' },
    { from: 'BT.709', to: 'BT.709', ranges: ['full', 'limited'], source: 'yuv444p10le' },
    { from: 'BT.601 525', to: 'PQ', target: 'yuv444p10le' },
    { from: 'BT.709', to: 'PQ', source: 'yuv444p10le', target: 'yuv444p12le' },
    { from: 'BT.709', to: 'HLG', target: 'yuv444p10le' },
    { from: 'HLG', to: 'PQ', source: 'yuv444p10le' },
  ];
  let worst = 0;
  for (const one of cases) {
    const { max } = await measured(one);
    worst = Math.max(worst, max);
    assert.ok(max < ROUNDING, `${JSON.stringify(one)}: ${max}`);
  }
  t.diagnostic(`${FIGURE}converted clips are at most ${worst.toFixed(3)} codes off, where rounding alone takes 0.5`);
});

test('HDR in an SDR sequence follows BT.2390 in 10 bits, and in 8 bits without a step or a shift', async (t) => {
  for (const one of [
    { from: 'PQ', to: 'BT.709', most: 0.75 },
    { from: 'PQ', to: 'BT.709', most: 0.9, peak: 4000 },
    { from: 'PQ', to: 'BT.2020', most: 0.75 },
    { from: 'HLG', to: 'BT.709' },
  ] as const) {
    const deep = await measured({ ...one, source: 'yuv444p10le' });
    // The curve is a table of 16 bits.
    assert.ok(deep.mean < 0.35 && deep.max < 1.1, `${JSON.stringify(one)}: ${JSON.stringify(deep)}`);
    const coarse = await measured({ ...one, source: 'yuv444p10le', target: 'yuv444p' });
    assert.ok(coarse.max < 1.1 && coarse.bias < 0.1, `${JSON.stringify(one)}, 8 bits: ${JSON.stringify(coarse)}`);
    t.diagnostic(
      `${one.from} to ${one.to}: ${deep.max.toFixed(2)} codes of 10 bits at most, ${coarse.max.toFixed(2)} of 8`,
    );
  }
});

test('what is played in the place of an HDR clip shows what an export into SDR writes', async () => {
  const { filters } = await capabilities();
  for (const name of ['PQ', 'HLG'] as const) {
    const info = infoOf('yuv420p10le', SIDE, SIDE, { colour: colourOf(name, 'limited') });
    const canvas: Canvas = { width: SIDE, height: SIDE, format: pixelFormat('yuv420p'), colour: SHOWN };
    const plan = conformed(await planFor('yuv420p', { width: SIDE, height: SIDE }), canvas, info, filters);
    const { planes } = picture('yuv420p10le', 'limited', name, 0.7);
    const input = ['-f', 'rawvideo', '-pixel_format', 'yuv420p10le', '-video_size', `${SIDE}x${SIDE}`];
    const through = async (chain: readonly string[]): Promise<Buffer> => {
      const args = [...colourArgs(plan.fed), '-i', 'pipe:0', '-vf', chain.join(','), '-f', 'rawvideo', 'pipe:1'];
      return (await runFfmpeg([...input, ...args], { input: planes, logLevel: 'error' })).stdout;
    };
    const written = await through(plan.filters);
    assert.equal(written.length, (SIDE * SIDE * 3) / 2);
    assert.ok(written.equals(await through(shownFilters(info.video, canvas, filters))), name);
  }
});

test('thumbnails show HDR as films do', () => {
  for (const name of ['PQ', 'HLG'] as const) {
    const codes = new Uint16Array(3 * 200).map((_, i) => 65_535 * (0.1 + 0.5 * (((i * 7919) % 1000) / 1000)));
    const shown = toneMap(codes, name === 'PQ' ? 'smpte2084' : 'arib-std-b67');
    for (let i = 0; i < codes.length; i += 3) {
      const rgb = [codes[i]! / 65_535, codes[i + 1]! / 65_535, codes[i + 2]! / 65_535] as const;
      const wanted = rgbOf(
        converted(yuvOf(rgb, KINDS[name].matrix), KINDS[name], KINDS['BT.709']),
        KINDS['BT.709'].matrix,
      );
      wanted.forEach((value, c) => {
        const code = 255 * Math.min(1, Math.max(0, value));
        assert.ok(Math.abs(shown[i + c]! - code) < 1.3, `${name} ${rgb.join()}: ${shown[i + c]} for ${code}`);
      });
    }
  }
});

test('what becomes of a clip of another kind is said, and what ffmpeg cannot convert', () => {
  const canvas: Canvas = {
    width: SIDE,
    height: SIDE,
    format: pixelFormat('yuv420p10le'),
    colour: colourOf('BT.709', 'limited'),
  };
  const info = (name: Named) => infoOf('yuv420p10le', SIDE, SIDE, { colour: colourOf(name, 'limited') });
  const all = new Set(['zscale', 'lutrgb']);
  assert.match(
    conformNotes('a', info('PQ'), canvas, all).join(' '),
    /PQ .* tone-mapped from 1000 to 203 cd\/m2 \(BT\.2390\)/,
  );
  assert.match(conformNotes('a', info('BT.601 525'), canvas, all).join(' '), /smpte170m, .* converted/);
  assert.match(conformNotes('a', info('HLG'), canvas, new Set()).join(' '), /cannot convert that/);
  assert.deepEqual(conformNotes('a', info('BT.709'), canvas, all), []);
  const hdr = { ...canvas, colour: colourOf('PQ', 'limited') };
  assert.match(conformNotes('a', info('BT.709'), hdr, all).join(' '), /white becomes 203 cd\/m2/);
});
