/**
 * Whether the renderer can play a clip as it is, or needs a proxy.
 *
 * [Note: what Chromium plays well] Every picture it shows it must decode, from the keyframe before it. Measured here on two cores in software: a 1080p clip with a
 * keyframe every 48 frames takes up to 1.6 s to a picture, 640x360 at most 0.06 s; on a busy machine ten times that. So what counts is pixels from key to key. What is decoded in another way than
 * ffmpeg does (other pictures, other times, other colours than the film that is made of it) is not played directly either.
 */
import { createInterface } from 'node:readline';
import type { VideoInfo } from '../../contract/media.ts';
import { spawnFfmpeg } from '../media/ffmpeg.ts';
import { flaggedInterlaced } from '../media/fields/one-field.ts';
import { inputArgsOf, isUnedited } from '../media/input.ts';
import { isNearlySquare } from '../media/square-pixels.ts';
import { isHdrTransfer } from '../media/tone-map.ts';

/** Pixels from one keyframe to the next: 12 frames of 720p, 5 of 1080p. */
const MOST_PIXELS_PER_KEY = 12 * 1280 * 720;
/** Pixels a second: 1080p at 60. */
const MOST_PIXELS_PER_SECOND = 60 * 1920 * 1088;
/** Seconds looked at for keyframes. */
const LOOKED_AT = 20;

/** Why the clip needs a proxy, as a sentence's end ('it is ProRes'), or null when it plays as it is. Reads packets, decodes nothing. */
export async function proxyNeed(info: VideoInfo, signal?: AbortSignal): Promise<string | null> {
  const kind = kindNeed(info);
  if (kind !== null) return kind;
  const distance = await keyDistance(info, signal);
  const pixels = info.video.codedWidth * info.video.codedHeight;
  // A single key in a short clip is as far as the clip is long.
  return distance * pixels > MOST_PIXELS_PER_KEY ? `its keyframes are ${distance} frames apart` : null;
}

/** `proxyNeed` as far as it can be told without reading the file. */
export function kindNeed(info: VideoInfo): string | null {
  const { format, video, other, recorded } = info;
  if (!/\b(mp4|mov|matroska|webm)\b/.test(format)) return `its container is ${format}`;
  if (!/^(h264|vp8|vp9|av1)$/.test(video.codec)) return `it is ${video.codec}`;
  if (!/^yuvj?420p$/.test(video.pixelFormat)) return `its pixels are ${video.pixelFormat}`;
  if (isHdrTransfer(video.colour.transfer)) return 'it is HDR';
  if (video.mirrored) return 'it is stored mirrored';
  if (video.rotation !== 0 && !/\b(mp4|mov)\b/.test(format)) return 'it is stored turned';
  if (!isNearlySquare(video.sampleAspect)) return 'its pixels are not square';
  if (flaggedInterlaced(info)) return 'it is interlaced';
  // Which one is the film is a matter of opinion: the proxy is of the one that ffmpeg takes.
  if (other.some(({ type }) => type === 'video')) return 'it has several video streams';
  if (isUnedited({ recorded })) return 'its edits change its speed';
  const rate = video.averageRate ?? video.nominalRate;
  const perSecond = video.codedWidth * video.codedHeight * (rate ? rate.num / rate.den : 30);
  return perSecond > MOST_PIXELS_PER_SECOND ? 'it has too many pixels a second' : null;
}

/** The most frames from one keyframe to the next, in the beginning of the clip. */
export async function keyDistance(info: VideoInfo, signal?: AbortSignal): Promise<number> {
  const input = await inputArgsOf(info);
  const copy = ['-map', `0:${info.video.index}`, '-c', 'copy', '-t', String(LOOKED_AT), '-f', 'framecrc', '-'];
  const reader = await spawnFfmpeg([...input, ...copy], { logLevel: 'error', ...(signal ? { signal } : {}) });
  let since = 0;
  let most = 1;
  try {
    for await (const line of createInterface({ input: reader.stdout })) {
      if (line.startsWith('#') || line.trim() === '') continue;
      // framecrc writes flags only where they are not those of a plain keyframe.
      if (/, *F=0x[0-9A-F]*[02468ACE]\b/.test(line)) since++;
      else since = 1;
      most = Math.max(most, since);
    }
    await reader.done;
  } finally {
    await reader.stop();
  }
  return most;
}
