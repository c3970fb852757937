/**
 * Whether an encoder takes pictures of a size: asked of the encoder itself, since limits differ by encoder, version, profile and chroma, and are said
 * only when it is opened.
 */
import { toAppError } from '../../contract/errors.ts';
import type { Capabilities } from './capabilities.ts';
import type { EncoderSpec } from './encoders.ts';
import { runFfmpeg } from './ffmpeg.ts';
import type { Fit } from './fit.ts';
import { PIXEL_FORMATS } from './pixel-format.ts';
import { rawInputBytes } from './raw-layout.ts';

/** Every encoder of ours takes pictures with both sides within these. */
const ORDINARY: readonly [number, number] = [64, 4096];
const LIMIT_MS = 60_000;

const known = new Map<string, Promise<string | undefined>>();

/** Why the encoder refuses pictures of the fit's size, in ffmpeg's words; undefined where it takes them. Ordinary sizes are not tried. */
export async function sizeRefusal(spec: EncoderSpec, fit: Fit, { build }: Capabilities): Promise<string | undefined> {
  const { width, height } = fit.input;
  const [least, most] = ORDINARY;
  if (Math.min(width, height) >= least && Math.max(width, height) <= most) return undefined;
  const key = [build.path, spec.name, fit.pixelFormat, width, height].join('\n');
  const found = known.get(key) ?? trial(spec, fit, build);
  known.set(key, found);
  return await found;
}

async function trial(spec: EncoderSpec, fit: Fit, build: Capabilities['build']): Promise<string | undefined> {
  const { input, filters, pixelFormat, colour } = fit;
  // Whether what was asked for is on its scale is another question.
  const quality = Math.min(spec.quality[1], Math.max(spec.quality[0], fit.quality));
  const { width, height } = input;
  const { bits = 8, planes = [] } = PIXEL_FORMATS.get(pixelFormat) ?? {};
  const alpha = planes.some(({ channel }) => channel === 'a');
  const settings = { hdr: {}, fullRange: colour.range === 'full', bFrames: 3, width, height, bits, alpha };
  const source = ['-f', 'rawvideo', '-pixel_format', input.pixelFormat, '-video_size', `${width}x${height}`];
  const filter = [...filters, `format=${pixelFormat}`].join(',');
  const args = [
    ...[...source, '-framerate', '25', '-i', 'pipe:0', '-vf', filter],
    ...['-c:v', spec.name, ...spec.args(quality, settings), '-pix_fmt', pixelFormat, '-f', 'null', '-'],
  ];
  try {
    const picture = new Uint8Array(rawInputBytes(input));
    await runFfmpeg(args, { build, input: picture, signal: AbortSignal.timeout(LIMIT_MS), logLevel: 'error' });
    return undefined;
  } catch (error) {
    return toAppError(error).message;
  }
}
