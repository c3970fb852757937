/**
 * Reels cut together from clips by a seeded generator, with the truth about every cut: what shot detection is scored on.
 *
 * Luma only, 320x180, encoded like a consumer's file (x264, CRF 23). Beside hard cuts a reel has what is easily taken for
 * one: camera flashes, dissolves, fades through black, whip pans, shake, low light with noise, and shots on twos.
 */
import { AppError } from '../../contract/errors.ts';
import { capabilities } from './capabilities.ts';
import { fileUrl, spawnFfmpeg } from './ffmpeg.ts';
import type { FfmpegProcess } from './ffmpeg.ts';
import { inputArgs } from './input.ts';

export const REEL = { width: 320, height: 180, rate: 25 } as const;
const FRAME = REEL.width * REEL.height;

/** A clip to cut from. `cuts` are frames at which a shot of its own begins; nothing is taken across them. */
export interface ReelClip {
  readonly path: string;
  readonly cuts: readonly number[];
}

/** A cut that is there (`kind` 'cut'), or something that is none, at frames from..to. */
export interface ReelEvent {
  readonly kind: 'cut' | 'flash' | 'dissolve' | 'fade' | 'pan' | 'shake' | 'dark' | 'noise' | 'twos';
  readonly from: number;
  readonly to: number;
}

export interface ReelTruth {
  readonly frames: number;
  readonly events: readonly ReelEvent[];
  /** For each shot: its first frame and the clip it is from. */
  readonly shots: readonly { first: number; clip: string }[];
}

/** Numbers in 0..1 that a seed determines (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Look = 'pan' | 'shake' | 'dark' | 'noise' | 'twos' | 'flash' | 'plain';

const LOOKS: readonly (readonly [Look, number])[] = [
  ['flash', 0.16],
  ['pan', 0.1],
  ['shake', 0.06],
  ['dark', 0.1],
  ['noise', 0.06],
  ['twos', 0.08],
  ['plain', 1],
];

/**
 * Writes a reel of `shots` shots to `to` (an .mp4) and returns the truth. The same seed gives the same reel.
 * Throws not-found when no clip has twelve frames in one shot, and what ffmpeg throws.
 */
export async function makeReel(
  clips: readonly ReelClip[],
  options: { seed: number; shots: number; to: string; signal?: AbortSignal },
): Promise<ReelTruth> {
  const { signal } = options;
  const random = seeded(options.seed);
  const encoder = await openReel(options.to, signal);
  const events: ReelEvent[] = [];
  const shots: { first: number; clip: string }[] = [];
  let written = 0;
  const emit = async (frame: Uint8Array): Promise<void> => {
    await encoder.write(frame);
    written++;
  };
  let tail: Uint8Array[] = [];
  for (let k = 0; k < options.shots; k++) {
    const last = shots.at(-1)?.clip;
    const shot = await nextShot(clips, random, last, signal);
    const frames = dress(shot.frames, shot.look, random);
    const overlap = k === 0 ? 0 : tail.length;
    const join = overlap === 0 ? 'cut' : random() < 0.6 ? 'dissolve' : 'fade';
    const first = written;
    if (k > 0) events.push({ kind: join, from: first, to: join === 'cut' ? first : first + overlap });
    shots.push({ first, clip: shot.clip });
    if (shot.look !== 'plain') events.push({ kind: shot.look, from: first, to: first + frames.length });
    // A quarter of the joins are gradual: the end of this shot is held back and mixed with the next one's beginning.
    const gradual = k + 1 < options.shots && random() < 0.25 ? 6 + Math.floor(random() * 16) : 0;
    const keep = Math.min(gradual, Math.floor(frames.length / 3));
    for (const [i, frame] of frames.entries()) {
      if (i >= frames.length - keep) break;
      const under = tail[i];
      await emit(under ? mixed(under, frame, (i + 1) / (overlap + 1), join === 'fade') : frame);
    }
    tail = keep > 0 ? frames.slice(frames.length - keep) : [];
  }
  await encoder.end();
  return { frames: written, events, shots };
}

/** An encoder that takes 320x180 luma frames by `write`. */
export async function openReel(to: string, signal?: AbortSignal, crf = 23): Promise<FfmpegProcess> {
  const input = `-y -f rawvideo -pix_fmt gray -s ${REEL.width}x${REEL.height} -r ${REEL.rate} -i pipe:0`;
  const output = `-pix_fmt yuv420p -c:v libx264 -preset veryfast -crf ${crf}`;
  return await spawnFfmpeg([...input.split(' '), ...output.split(' '), fileUrl(to)], {
    stdin: 'pipe',
    ...(signal ? { signal } : {}),
  });
}

async function nextShot(
  clips: readonly ReelClip[],
  random: () => number,
  last: string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ clip: string; frames: Uint8Array[]; look: Look }> {
  for (let tries = 0; tries < 100; tries++) {
    const clip = clips[Math.floor(random() * clips.length)]!;
    const dice = random();
    let sum = 0;
    const look = LOOKS.find(([, share]) => (sum += share) > dice)![0];
    // Short shots are the hard ones: one in five has 12 to 20 frames, the rest up to 70.
    const wanted = random() < 0.2 ? 12 + Math.floor(random() * 9) : 20 + Math.floor(random() * 51);
    const [where, from] = [random(), random()];
    if (clip.path === last && clips.length > 1) continue;
    const all = await readLuma(clip.path, signal);
    const borders = [0, ...clip.cuts.filter((cut) => cut > 0 && cut < all.length), all.length];
    const i = Math.floor(where * (borders.length - 1));
    const [start, end] = [borders[i]!, borders[i + 1]!];
    if (end - start < 12) continue;
    const length = Math.min(wanted, end - start);
    const first = start + Math.floor(from * (end - start - length + 1));
    return { clip: clip.path, frames: all.slice(first, first + length), look };
  }
  throw new AppError('not-found', 'There are no clips to cut from: none has twelve frames in one shot.');
}

/** Every frame of a clip as 320x180 luma, filling the picture. */
export async function readLuma(path: string, signal?: AbortSignal): Promise<Uint8Array[]> {
  const { passthrough } = await capabilities();
  const fit = `scale=${REEL.width}:${REEL.height}:force_original_aspect_ratio=increase:flags=bicubic,crop=${REEL.width}:${REEL.height},format=gray`;
  const args = [...(await inputArgs(path)), '-map', '0:v:0', ...passthrough, '-vf', fit, '-f', 'rawvideo', 'pipe:1'];
  const ffmpeg = await spawnFfmpeg(args, signal ? { signal } : {});
  const frames: Uint8Array[] = [];
  for await (const frame of framesOf(ffmpeg.stdout as AsyncIterable<Buffer>, FRAME)) frames.push(frame);
  await ffmpeg.done;
  return frames;
}

/** A byte stream in pieces of `size` bytes; an incomplete last one is dropped. */
export async function* framesOf(chunks: AsyncIterable<Buffer>, size: number): AsyncGenerator<Uint8Array> {
  let frame = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const count = Math.min(size - filled, chunk.length - at);
      frame.set(chunk.subarray(at, at + count), filled);
      filled += count;
      at += count;
      if (filled < size) continue;
      yield frame;
      frame = new Uint8Array(size);
      filled = 0;
    }
  }
}

function dress(frames: readonly Uint8Array[], look: Look, random: () => number): Uint8Array[] {
  switch (look) {
    case 'twos':
      return frames.map((_, i) => frames[i - (i % 2)]!);
    case 'dark':
      return frames.map((frame) => frame.map((v) => grain(14 + v * 0.1, 2.5, random)));
    case 'noise':
      return frames.map((frame) => frame.map((v) => grain(v, 9, random)));
    case 'flash': {
      const at = 3 + Math.floor(random() * Math.max(1, frames.length - 6));
      const length = 1 + Math.floor(random() * 2);
      const gain = 1.4 + random();
      const lift = 40 + random() * 120;
      return frames.map((frame, i) =>
        i >= at && i < at + length ? frame.map((v) => Math.min(255, v * gain + lift)) : frame,
      );
    }
    case 'pan':
    case 'shake':
      return moved(frames, look, random);
    case 'plain':
      return [...frames];
  }
}

/** Nearly normal noise added to a value. */
function grain(value: number, sigma: number, random: () => number): number {
  const noise = (random() + random() + random() - 1.5) * 2 * sigma;
  return Math.max(0, Math.min(255, Math.round(value + noise)));
}

/** A window of 60 % of the frame that sweeps across it and back (up to a tenth of its width a frame, blurred) or shakes. */
function moved(frames: readonly Uint8Array[], look: 'pan' | 'shake', random: () => number): Uint8Array[] {
  const [w, h] = [REEL.width * 0.6, REEL.height * 0.6];
  const travel = REEL.width - w;
  const period = 14 + random() * 20;
  const phase = random() * 6;
  let [x, y] = [travel / 2, (REEL.height - h) / 2];
  return frames.map((frame, i) => {
    let blur = 1;
    if (look === 'pan') {
      const at = (t: number): number => travel * (0.5 - 0.5 * Math.cos((2 * Math.PI * t) / period + phase));
      blur = Math.max(1, Math.round(Math.abs(at(i) - at(i - 0.5))));
      x = at(i);
    } else {
      x = Math.max(0, Math.min(travel - 1, x + (random() - 0.5) * 16));
      y = Math.max(0, Math.min(REEL.height - h - 1, y + (random() - 0.5) * 10));
    }
    return window(frame, x, y, w, h, blur);
  });
}

function window(frame: Uint8Array, x: number, y: number, w: number, h: number, blur: number): Uint8Array {
  const out = new Uint8Array(FRAME);
  for (let j = 0; j < REEL.height; j++) {
    const row = Math.floor(y + (j * h) / REEL.height) * REEL.width;
    for (let i = 0; i < REEL.width; i++) {
      const from = Math.floor(x + (i * w) / REEL.width);
      let sum = 0;
      for (let b = 0; b < blur; b++) sum += frame[row + Math.min(REEL.width - 1, from + b)]!;
      out[j * REEL.width + i] = sum / blur;
    }
  }
  return out;
}

/** A step of a dissolve, or of a fade through black. `t` from 0 to 1. */
function mixed(a: Uint8Array, b: Uint8Array, t: number, black: boolean): Uint8Array {
  if (!black) return a.map((v, i) => v + (b[i]! - v) * t);
  return t < 0.5 ? a.map((v) => 16 + (v - 16) * (1 - 2 * t)) : b.map((v) => 16 + (v - 16) * (2 * t - 1));
}
