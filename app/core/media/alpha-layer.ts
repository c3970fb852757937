/**
 * Transparency beside the picture of VP8 and VP9, a second stream within the packets of WebM and Matroska. [Note: alpha layer]
 *
 * ffmpeg's own decoders leave it out, libvpx's give it, beside 8 bits in 4:2:0 and nothing else. Through them ffmpeg 5.1 calls every frame a key frame, so a
 * seek to just before any frame is tried (lock-step.ts): libvpx gives nothing before a key frame of both streams, and a decoder that begins too late is not
 * believed. ffmpeg 7.0 calls none one, and decodes from the first frame.
 */
import type { VideoStreamInfo } from '../../contract/media.ts';
import { capabilities } from './capabilities.ts';
import { runFfmpeg } from './ffmpeg.ts';
import { inputArgs } from './input.ts';
import type { RawStream } from './probe-raw.ts';

/** What there is to know of it. */
export interface AlphaLayer {
  /** With its transparency, where it can be read. */
  readonly pixelFormat?: string;
  readonly decoder?: VideoStreamInfo['decoder'];
  /** Where it is left behind, why. */
  readonly warning?: string;
}

const LEFT = 'The transparency of this video is left behind, it is read as an opaque picture';

/** What a stream of `path` has, tried on its first frame: files say of some that they have it and do not, and libvpx gives nothing of what is damaged. */
export async function readAlphaLayer(path: string, stream: RawStream, signal?: AbortSignal): Promise<AlphaLayer> {
  const layer = alphaLayerOf(stream, (await capabilities()).decoders);
  if (!layer.decoder || (await givesAlpha(path, stream.index, layer.decoder, signal))) return layer;
  return { warning: `${LEFT}: it is missing or damaged.` };
}

/** Seconds of a video that are looked at for a first frame. */
const LOOKED_AT = '10';

async function givesAlpha(path: string, index: number, decoder: string, signal?: AbortSignal): Promise<boolean> {
  let found = false;
  const onLine = (line: string): boolean => {
    found ||= /showinfo.* fmt: ?yuva420p /.test(line);
    return line.includes('showinfo');
  };
  const input = await inputArgs(path, [`-c:${index}`, decoder, '-t', LOOKED_AT]);
  const args = [...input, '-map', `0:${index}`, '-vf', 'showinfo=checksum=0', '-frames:v', '1', '-f', 'null', '-'];
  await runFfmpeg(args, { signal, logLevel: 'info', onLine }).catch(() => signal?.throwIfAborted());
  return found;
}

/** What a stream's tags and layout say of it. */
export function alphaLayerOf(
  { tags, codec_name: codec, pix_fmt: pixelFormat }: RawStream,
  decoders: ReadonlySet<string>,
): AlphaLayer {
  if ((tags['alpha_mode'] ?? tags['ALPHA_MODE']) !== '1' || pixelFormat?.startsWith('yuva')) return {};
  const decoder = codec === 'vp9' ? 'libvpx-vp9' : codec === 'vp8' ? 'libvpx' : undefined;
  if (!decoder) return {};
  if (!decoders.has(decoder)) return { warning: `${LEFT}: this ffmpeg was built without ${decoder}.` };
  if (pixelFormat !== 'yuv420p') return { warning: `${LEFT}: ${decoder} reads none beside ${pixelFormat}.` };
  return { pixelFormat: 'yuva420p', decoder };
}
