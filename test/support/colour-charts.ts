/**
 * Charts of every colour system, layout and depth, as files whose code values are known exactly.
 *
 * Luma (or each of red, green and blue) is one slow ramp from code 0 to the highest, row after row: in 12 bits each code once, in fewer bits each
 * several times, so footroom, headroom and steps that bands would merge are all there. Chroma are ramps across and down.
 */
import type { ColourInfo } from '../../app/contract/media.ts';
import { fileUrl, runFfmpeg } from '../../app/core/media/ffmpeg.ts';
import { colourArgs } from '../../app/core/media/colour.ts';
import { frameBytes, frameFromBytes, type Frame, type PixelFormat } from '../../app/core/media/frame.ts';
import { pixelFormat } from '../../app/core/media/pixel-format.ts';

export const SIDE = 64;
export const RATE = { num: 25, den: 1 };

export interface System {
  readonly name: string;
  readonly matrix: string;
  readonly primaries: string;
  readonly transfer: string;
  /** Where the chroma of 4:2:0 lies; UHD has it at the top left (ITU-R BT.2020, BT.2100). */
  readonly location: string;
}

export const SYSTEMS: readonly System[] = [
  { name: 'BT.601 525', matrix: 'smpte170m', primaries: 'smpte170m', transfer: 'smpte170m', location: 'left' },
  { name: 'BT.601 625', matrix: 'bt470bg', primaries: 'bt470bg', transfer: 'smpte170m', location: 'left' },
  { name: 'BT.709', matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', location: 'left' },
  { name: 'BT.2020', matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'bt2020-10', location: 'topleft' },
  { name: 'PQ', matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'smpte2084', location: 'topleft' },
  { name: 'HLG', matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'arib-std-b67', location: 'topleft' },
];

export interface Chart {
  readonly name: string;
  readonly system: System;
  /** As the file says them. */
  readonly colour: ColourInfo;
  readonly format: PixelFormat;
  /** What the file is probed as: a yuvj, a packed layout, or the format's own name. */
  readonly probesAs: string;
  /** ffmpeg's lossless encoder of the file. */
  readonly encoder: readonly string[];
  readonly ending: 'mkv' | 'mov';
}

const DEPTHS = [8, 10, 12] as const;
const named = (family: string, bits: number): string => (bits === 8 ? family : `${family}${bits}le`);
const FFV1 = ['-c:v', 'ffv1', '-level', '3', '-threads', '1'];

function chartOf(system: System, range: 'limited' | 'full', format: string, more: Partial<Chart> = {}): Chart {
  const { matrix, primaries, transfer } = system;
  const rgb = format.startsWith('gbrp');
  // H.264 says it, or its default, of every layout.
  const chroma =
    /420/.test(format) || more.probesAs?.startsWith('yuvj')
      ? { chromaLocation: more.probesAs === undefined || /420/.test(format) ? system.location : 'left' }
      : {};
  return {
    name: `${system.name} ${range} ${more.probesAs ?? format}`,
    system,
    colour: { range, matrix: rgb ? 'gbr' : matrix, primaries, transfer, ...chroma },
    format: pixelFormat(format),
    probesAs: format,
    encoder: FFV1,
    ending: 'mkv',
    ...more,
  };
}

/** Every combination of system, range, depth and layout; RGB has one range, full-range 8 bit also as yuvj. */
export const CHARTS: readonly Chart[] = SYSTEMS.flatMap((system) => [
  ...DEPTHS.flatMap((bits) => [
    ...(['limited', 'full'] as const).flatMap((range) =>
      ['yuv420p', 'yuv422p', 'yuv444p', 'gray'].map((family) => chartOf(system, range, named(family, bits))),
    ),
    chartOf(system, 'full', named('gbrp', bits), bits === 8 ? { probesAs: 'bgr0' } : {}),
  ]),
  chartOf(system, 'full', 'gbrp', { probesAs: 'rgb24', encoder: ['-c:v', 'rawvideo'], ending: 'mov' }),
  ...['420', '422', '444'].map((layout) =>
    chartOf(system, 'full', `yuv${layout}p`, {
      probesAs: `yuvj${layout}p`,
      encoder: ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '0', '-threads', '1'],
    }),
  ),
]);

/** Picture `at` of a chart, its ramps moved by `at`. */
export function chartFrame({ format }: Pick<Chart, 'format'>, at: number, side = SIDE): Frame {
  const frame = frameFromBytes(format, side, side, new Uint8Array(frameBytes(format, side, side)), at, 0);
  const codes = 2 ** format.bits;
  format.planes.forEach(({ channel }, p) => {
    const { data, width, height } = frame.planes[p]!;
    for (let i = 0; i < data.length; i++) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const share = channel === 'u' || channel === 'r' ? x / (width - 1) : y / (height - 1);
      const ramp = channel === 'y' || channel === 'g' || channel === 'a' ? i / (data.length - 1) : share;
      // There and back, so that moving it leaves no edge.
      const moved = Math.abs(((ramp + at / 16 + 1) % 2) - 1);
      data[i] = Math.round((at === 0 ? ramp : moved) * (codes - 1));
    }
  });
  return frame;
}

export function bytesOf(frame: Frame): Buffer {
  return Buffer.concat(frame.planes.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)));
}

/** Writes a chart as a file: `frames` in its lossless codec with its tags. `says` replaces what the file says of its colours. */
export async function writeChart(
  path: string,
  chart: Chart,
  frames: readonly Frame[],
  says = chart.colour,
): Promise<void> {
  const { format, encoder, probesAs } = chart;
  const packed = probesAs === 'rgb24' ? 'rgb24' : probesAs === 'bgr0' ? 'bgr0' : undefined;
  const raw = Buffer.concat(frames.map((frame) => (packed ? packRgb(frame, packed) : bytesOf(frame))));
  const yuvj = probesAs.startsWith('yuvj');
  const { width, height } = frames[0]!;
  const input = ['-f', 'rawvideo', '-pix_fmt', packed ?? (yuvj ? probesAs : format.name), '-s', `${width}x${height}`];
  const tags = colourArgs({ ...says, ...(says.matrix === 'gbr' && { matrix: undefined }) } as ColourInfo);
  const params = ['range', 'matrix', 'primaries', 'transfer'] as const;
  const names = { range: 'range', matrix: 'colorspace', primaries: 'color_primaries', transfer: 'color_trc' };
  const set = params
    .filter((key) => says[key] !== undefined && says[key] !== 'gbr')
    .map((key) => `${names[key]}=${key === 'range' ? (says.range === 'full' ? 'pc' : 'tv') : says[key]}`);
  const filters = set.length > 0 ? ['-vf', `setparams=${set.join(':')}`] : [];
  await runFfmpeg(
    [
      ...['-y', ...input, '-r', `${RATE.num}/${RATE.den}`, ...tags, '-i', 'pipe:0', ...filters, ...encoder, ...tags],
      ...['-f', chart.ending === 'mkv' ? 'matroska' : 'mov', '-movflags', 'write_colr', fileUrl(path)],
    ].filter((_, i, all) => chart.ending === 'mov' || (all[i] !== '-movflags' && all[i] !== 'write_colr')),
    { input: raw, logLevel: 'error' },
  );
}

function packRgb({ planes, format }: Frame, name: 'rgb24' | 'bgr0'): Buffer {
  const of = (channel: string) => planes[format.planes.findIndex((plane) => plane.channel === channel)]!.data;
  const [r, g, b] = [of('r'), of('g'), of('b')];
  const size = name === 'rgb24' ? 3 : 4;
  const out = Buffer.alloc(r.length * size);
  for (let i = 0; i < r.length; i++)
    out.set(name === 'rgb24' ? [r[i]!, g[i]!, b[i]!] : [b[i]!, g[i]!, r[i]!], i * size);
  return out;
}
