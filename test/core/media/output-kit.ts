/** What the tests of the output side share: made-up sources, random frames, and files read back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ColourInfo, VideoInfo, VideoStreamInfo } from '../../../app/contract/media.ts';
import type { Rational } from '../../../app/contract/time.ts';
import { capabilities, encoderTrial } from '../../../app/core/media/capabilities.ts';
import type { Chunk } from '../../../app/core/media/concat-list.ts';
import { openChunkEncoder } from '../../../app/core/media/encode.ts';
import { ENCODERS } from '../../../app/core/media/encoders.ts';
import type { VideoCodec } from '../../../app/core/media/encoders.ts';
import { fileUrl, runFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import { frameBytes, frameFromBytes } from '../../../app/core/media/frame.ts';
import type { Frame, PixelFormat } from '../../../app/core/media/frame.ts';
import { planOutput } from '../../../app/core/media/output-format.ts';
import type { OutputPlan, OutputRequest } from '../../../app/core/media/output-format.ts';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { readPackets } from '../../../app/core/media/packets.ts';

export async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-output-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const BT709: ColourInfo = { range: 'limited', matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' };

export function infoOf(format: string, width: number, height: number, video: Partial<VideoStreamInfo> = {}): VideoInfo {
  const { bits, planes } = pixelFormat(format);
  return {
    path: 'made-up.mov',
    format: 'mov',
    bytes: 1,
    audio: [],
    other: [],
    chapters: 0,
    tags: {},
    warnings: [],
    video: {
      index: 0,
      codec: 'h264',
      pixelFormat: format,
      codedWidth: width,
      codedHeight: height,
      width,
      height,
      rotation: 0,
      mirrored: false,
      sampleAspect: { num: 1, den: 1 },
      timeBase: { num: 1, den: 90_000 },
      averageRate: { num: 24, den: 1 },
      bitDepth: bits,
      colour: format.startsWith('yuv') ? BT709 : {},
      hasAlpha: planes.some((plane) => plane.channel === 'a'),
      dolbyVision: false,
      ...video,
    },
  };
}

export type PlanRequest = Partial<Omit<OutputRequest, 'info' | 'carrier'>> & {
  video?: Partial<VideoStreamInfo>;
  withoutSetts?: boolean;
};

/** A plan for frames of `format`; 48x32 (64x64 of hevc, which takes no less) at 24 frames a second, chosen h264 into .mp4, without sound, unless it says otherwise. */
export async function planFor(format: string, request: PlanRequest = {}): Promise<OutputPlan> {
  const { video, withoutSetts, ...more } = request;
  const least = more.codec === 'hevc' ? { width: 64, height: 64 } : { width: 48, height: 32 };
  const { width, height } = { ...least, ...more };
  const base = { codec: 'h264', path: 'out.mp4', rate: { num: 24, den: 1 }, sound: false } as const;
  const info = infoOf(format, width, height, video);
  const known = await capabilities();
  const without = { ...known, bsfs: new Set([...known.bsfs].filter((name) => name !== 'setts')) };
  return await planOutput(
    { ...base, ...more, width, height, info, carrier: pixelFormat(format) },
    withoutSetts ? without : known,
  );
}

/** Whether this ffmpeg encodes `codec`; where it does not, the test says that it leaves it out, and why. */
export async function encodes(t: TestContext, codec: VideoCodec): Promise<boolean> {
  const reasons: string[] = [];
  for (const { name } of ENCODERS.filter((one) => one.codec === codec)) {
    const { works, reason } = await encoderTrial(name);
    if (works) return true;
    reasons.push(`${name}: ${reason}`);
  }
  t.diagnostic(`left out, this ffmpeg does not encode ${codec}: ${reasons.join('; ')}`);
  return false;
}

/** A generator of 32 random bits, the same for the same seed. */
function randomBits(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** A frame of noise over all values of its depth. */
export function noise(format: PixelFormat, width: number, height: number, seed: number): Frame {
  const bytes = new Uint8Array(frameBytes(format, width, height));
  const frame = frameFromBytes(format, width, height, bytes, seed, 0);
  const next = randomBits(seed * 7919 + 17);
  for (const { data } of frame.planes)
    for (let i = 0; i < data.length; i++) data[i] = next() & ((1 << format.bits) - 1);
  return frame;
}

/** A frame of smooth gradients that move with `at`: what encoders keep closely. Values stay within limited range. */
export function gradient(format: PixelFormat, width: number, height: number, at: number): Frame {
  const bytes = new Uint8Array(frameBytes(format, width, height));
  const frame = frameFromBytes(format, width, height, bytes, at, 0);
  const unit = 1 << (format.bits - 8);
  frame.planes.forEach(({ data, width: w }, p) => {
    for (let i = 0; i < data.length; i++) {
      const x = i % w;
      const y = (i - x) / w;
      data[i] = unit * (40 + ((x * 2 + y * 3 + at * 4 + p * 30) % 160));
    }
  });
  return frame;
}

/** Encodes `frames` as one chunk with constant steps, or those given. */
export async function encodeChunk(
  path: string,
  plan: OutputPlan,
  frames: readonly Frame[],
  timestamps: readonly number[] = Array.from({ length: frames.length + 1 }, (_, i) => i),
): Promise<Chunk> {
  const encoder = await openChunkEncoder(path, plan, { timestamps });
  for (const frame of frames) await encoder.write(frame);
  await encoder.finish();
  return { path, timestamps };
}

/** The decoded frames of a file as rawvideo in `pixelFormat`, which must be the file's own for a comparison of bytes. */
export async function decoded(path: string, format: string): Promise<Buffer> {
  const args = ['-i', fileUrl(path), '-map', '0:v:0', '-pix_fmt', format, '-f', 'rawvideo', 'pipe:1'];
  const { passthrough } = await capabilities();
  return (await runFfmpeg([...args.slice(0, 4), ...passthrough, ...args.slice(4)], { logLevel: 'error' })).stdout;
}

/** Presentation times of the pictures in order, exact as rationals over the stream's time base. */
export async function shownAt(path: string): Promise<{ times: number[]; timeBase: Rational }> {
  const stream = (await readPackets(path)).find(({ type }) => type === 'video');
  if (!stream) throw new Error(`${path} has no picture`);
  return { times: stream.times.toSorted((a, b) => a - b), timeBase: stream.timeBase };
}

export function planesOf(frame: Frame): Buffer {
  return Buffer.concat(frame.planes.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)));
}
