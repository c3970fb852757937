/**
 * What a written film shows, as one number. [Note: picture hash]
 *
 * SHA-256 over the planes of every picture of the first video stream, as its decoder gives them, in the order they are shown; nothing is scaled, turned or
 * converted. Anybody can compute it again: `ffmpeg -noautorotate -i FILE -map 0:v:0 -fps_mode passthrough -f hash -hash sha256 -`, with
 * `-c:v libvpx-vp9` before `-i` where a VP9 film has transparency, which counts then. It says that two files
 * show the same, whatever their containers, sound and tags; and since it takes decoding all of the file, that all of it can be decoded.
 * It stays in ffmpeg, so no pixel comes through a pipe: at 1920x1080 a frame costs the decoder's 4 ms and 4 ms of hashing (one measurement by hand, on a
 * machine that did other things as well).
 */
import { basename, join } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import { capabilities } from './capabilities.ts';
import { runFfmpeg } from './ffmpeg.ts';
import { inputArgs, sequenceArgs } from './input.ts';
import type { OutputPlan } from './output-format.ts';

/** What is damaged is an error. */
const STRICT = ['-noautorotate', '-err_detect', 'explode'];

export interface PicturesWritten {
  /** The file, or the folder of numbered images. */
  readonly path: string;
  /** The name of numbered images, with its number pattern; its folder does not count. */
  readonly images?: string | undefined;
  /** How many pictures there must be. */
  readonly frames: number;
  /** The plan's, where it names one. */
  readonly decoder?: OutputPlan['decoder'] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((frames: number) => void) | undefined;
}

/** Hexadecimal, lower case. Throws verify-failed when a picture cannot be decoded, or when there are more or fewer; the signal's reason on abort. */
export async function hashPictures({
  path,
  images,
  frames,
  decoder,
  signal,
  onProgress,
}: PicturesWritten): Promise<string> {
  let seen = 0;
  let wrong: string | undefined;
  const onLine = (line: string): boolean => {
    const frame = /^frame=\s*(\d+)/.exec(line)?.[1];
    if (frame !== undefined) seen = Number(frame);
    if (frame !== undefined) onProgress?.(seen);
    const progress = /^[a-z_0-9]+=/.test(line);
    if (!progress) wrong ??= line;
    return progress;
  };
  let said: string;
  try {
    const input = images
      ? await sequenceArgs(join(path, basename(images)), { num: 24, den: 1 }, STRICT)
      : await inputArgs(path, decoder ? [...STRICT, '-c:v', decoder] : STRICT);
    const { passthrough } = await capabilities();
    const args = ['-xerror', ...input, '-map', '0:v:0', ...passthrough, '-progress', 'pipe:2'];
    const hashed = [...args, '-f', 'hash', '-hash', 'sha256', 'pipe:1'];
    const logLevel = 'error';
    const { stdout } = await runFfmpeg(hashed, { logLevel, onLine, ...(signal && { signal }), maxOutput: 1 << 16 });
    said = stdout.toString('latin1');
  } catch (error) {
    const known = toAppError(error);
    if (known.code === 'cancelled' || known.code === 'ffmpeg-missing' || signal?.aborted) throw known;
    throw failed(`not all of its pictures can be decoded: ${known.message}`, error);
  }
  // Some decoders conceal what is damaged and only say so.
  if (wrong !== undefined) throw failed(`not all of its pictures can be decoded: ${wrong}`);
  const hash = /^SHA256=([0-9a-f]{64})\s*$/i.exec(said)?.[1];
  if (hash === undefined) throw failed('its pictures could not be hashed');
  if (seen !== frames) throw failed(`${seen} pictures can be decoded, not ${frames}`);
  return hash.toLowerCase();
}

function failed(what: string, cause?: unknown): AppError {
  return new AppError('verify-failed', `The written file is not as planned: ${what}.`.replace(/\.\.$/, '.'), { cause });
}
