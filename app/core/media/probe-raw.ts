/** What ffprobe says of a file, checked before it is believed. probe-text.ts makes the same from ffmpeg's own words. */
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { Rational } from '../../contract/time.ts';
import { locateFfmpeg, runFfmpeg } from './ffmpeg.ts';
import { inputArgs } from './input.ts';
import { readFfmpegText } from './probe-text.ts';

const number = z.coerce.number().optional().catch(undefined);
const text = z.string().max(4096).optional().catch(undefined);
const tags = z.record(z.string(), z.coerce.string()).catch({});

const sideData = z.looseObject({ side_data_type: z.string().catch(''), displaymatrix: text, rotation: number });
const stream = z.object({
  index: z.int().min(0).max(10_000),
  codec_type: text,
  codec_name: text,
  codec_tag_string: text,
  pix_fmt: text,
  width: z.int().min(0).max(1_000_000).optional().catch(undefined),
  height: z.int().min(0).max(1_000_000).optional().catch(undefined),
  sample_aspect_ratio: text,
  color_range: text,
  color_space: text,
  color_transfer: text,
  color_primaries: text,
  chroma_location: text,
  field_order: text,
  r_frame_rate: text,
  avg_frame_rate: text,
  time_base: text,
  start_time: number,
  duration: number,
  nb_frames: number,
  sample_rate: number,
  channels: number,
  channel_layout: text,
  disposition: z.record(z.string(), z.number()).catch({}),
  tags,
  side_data_list: z.array(sideData).catch([]),
});
const chapter = z.object({ start_time: number, end_time: number, tags });
const answer = z.object({
  format: z.object({ format_name: z.string(), duration: number, tags }),
  streams: z.array(stream).max(10_000),
  chapters: z.array(chapter).catch([]),
});

export type RawSideData = z.infer<typeof sideData>;
export type RawStream = z.infer<typeof stream>;
export type RawProbe = z.infer<typeof answer>;

/** Checks what a prober said. Throws unreadable. */
export function checkRawProbe(value: unknown, path: string): RawProbe {
  const checked = answer.safeParse(value);
  if (checked.success) return checked.data;
  throw new AppError('unreadable', `What ffprobe says of ${path} makes no sense.`, { cause: checked.error });
}

/** Asks ffprobe, or ffmpeg where there is no ffprobe of the same build. Throws unreadable, ffmpeg-missing, cancelled. */
export async function askProbe(path: string, more: readonly string[], signal?: AbortSignal): Promise<RawProbe> {
  const build = await locateFfmpeg();
  const input = await inputArgs(path, more);
  const options = { ...(signal ? { signal } : {}), maxOutput: 64 << 20 };
  if (!build.ffprobe) return checkRawProbe(await readFfmpegText(input, options), path);
  const args = ['-show_format', '-show_streams', '-show_chapters', '-of', 'json', ...input];
  const { stdout } = await runFfmpeg(args, { ...options, tool: 'ffprobe', logLevel: 'error' });
  return checkRawProbe(parseJson(stdout), path);
}

/** The side data of the first frame of a stream, for what only the bitstream says (HDR10 in HEVC). Empty without ffprobe. */
export async function firstFrameSideData(
  path: string,
  index: number,
  more: readonly string[],
  signal?: AbortSignal,
): Promise<RawSideData[]> {
  if (!(await locateFfmpeg()).ffprobe) return [];
  const only = ['-select_streams', String(index), '-read_intervals', '%+#1', '-show_frames', '-of', 'json'];
  const options = { ...(signal ? { signal } : {}), tool: 'ffprobe', logLevel: 'error' } as const;
  const { stdout } = await runFfmpeg([...only, ...(await inputArgs(path, more))], options);
  const frames = z.object({ frames: z.array(z.object({ side_data_list: z.array(sideData).catch([]) })) });
  const checked = frames.safeParse(parseJson(stdout));
  return checked.success ? (checked.data.frames[0]?.side_data_list ?? []) : [];
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** 'a/b' or 'a:b' as a rational in lowest terms; undefined when absent, zero, unbounded or absurd. */
export function ratio(value: string | undefined): Rational | undefined {
  const match = /^(\d+)[/:](\d+)$/.exec(value ?? '');
  const [num, den] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
  if (!num || !den || !Number.isSafeInteger(num) || !Number.isSafeInteger(den)) return undefined;
  let [a, b] = [num, den];
  while (b > 0) [a, b] = [b, a % b];
  return { num: num / a, den: den / a };
}
