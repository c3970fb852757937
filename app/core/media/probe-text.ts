/**
 * Probing through ffmpeg itself, for a build that came without its ffprobe: `ffmpeg -i` describes the streams in words
 * (libavformat's dump), which is read here into what ffprobe would have said. The words differ a little from version to version;
 * everything looked for has been there since 2018. What they never say: the display matrix (only its angle), exact durations.
 */
import { runFfmpeg } from './ffmpeg.ts';
import type { RunOptions } from './ffmpeg.ts';
import { AppError } from '../../contract/errors.ts';

type Fields = Record<string, unknown>;

/** ffprobe's JSON as far as ffmpeg's words go. Throws unreadable-to-ffmpeg as ffmpeg-failed, like ffprobe. */
export async function readFfmpegText(
  input: readonly string[],
  options: RunOptions & { readonly maxOutput?: number },
): Promise<Fields> {
  const lines: string[] = [];
  // Without an output ffmpeg always fails, after the description.
  await runFfmpeg(input, {
    ...options,
    logLevel: 'info',
    onLine: (line) => {
      if (lines.length < 20_000) lines.push(line);
    },
  }).catch((error: unknown) => {
    if (
      !(error instanceof AppError) ||
      error.code !== 'ffmpeg-failed' ||
      !lines.some((line) => line.startsWith('Input #0'))
    )
      throw error;
  });
  const fields = parseDescription(lines);
  await addMatrices(fields, input, options);
  await addCovers(fields, input, options);
  return fields;
}

/**
 * The words tell a display matrix's angle but not whether it mirrors, so the matrix is read from the header of a QuickTime file into
 * which ffmpeg copies one packet. Where that fails (a codec QuickTime does not know) the angle has to do.
 */
async function addMatrices(fields: Fields, input: readonly string[], options: RunOptions): Promise<void> {
  const streams = Array.isArray(fields['streams']) ? fields['streams'].filter(isFields) : [];
  for (const stream of streams) {
    const list: unknown[] = Array.isArray(stream['side_data_list']) ? stream['side_data_list'] : [];
    const entry = list.filter(isFields).find((data) => data['side_data_type'] === 'Display Matrix');
    if (!entry) continue;
    const copy = ['-map', `0:${String(stream['index'])}`, '-c', 'copy', '-frames:v', '1', '-f', 'mov'];
    const { signal } = options;
    const header = await runFfmpeg([...input, ...copy, '-movflags', 'empty_moov+frag_keyframe', 'pipe:1'], {
      ...(signal ? { signal } : {}),
      logLevel: 'error',
    }).catch(() => undefined);
    signal?.throwIfAborted();
    const matrix = header && trackMatrix(header.stdout);
    if (matrix) entry['displaymatrix'] = matrix;
  }
}

/** Words of 2018 do not say that a picture is a cover, but ffmpeg knows: `V` maps videos that are none. */
async function addCovers(fields: Fields, input: readonly string[], options: RunOptions): Promise<void> {
  const streams = Array.isArray(fields['streams']) ? fields['streams'].filter(isFields) : [];
  const covers = streams.filter((one) => one['codec_type'] === 'video' && COVER_CODEC.test(String(one['codec_name'])));
  if (streams.length < 2 || covers.length === 0 || covers.some(saidToBeCover)) return;
  const { signal } = options;
  const videos = new Set<number>();
  // Where there is none, or one that cannot be copied, what is mapped is still said, or nothing is.
  const asked = await runFfmpeg(
    [...input, '-map', '0:V?', '-map', '0:a?', '-c', 'copy', '-t', '0', '-f', 'null', '-'],
    {
      ...(signal ? { signal } : {}),
      logLevel: 'info',
      onLine: (line) => {
        const mapped = /^ +Stream #0:(\d+) -> #0:\d+ \(copy\)/.exec(line)?.[1];
        if (mapped) videos.add(Number(mapped));
      },
    },
  ).catch(() => undefined);
  signal?.throwIfAborted();
  if (!asked || videos.size === 0) return;
  for (const cover of covers) if (!videos.has(Number(cover['index']))) cover['disposition'] = { attached_pic: 1 };
}

const COVER_CODEC = /^(mjpeg|png|bmp|gif|tiff|webp)$/;

function saidToBeCover({ disposition }: Fields): boolean {
  return isFields(disposition) && disposition['attached_pic'] === 1;
}

/** The matrix of the first track header of a QuickTime file, laid out as ffprobe prints it (ISO/IEC 14496-12, 8.3.2). */
function trackMatrix(file: Buffer): string | undefined {
  const at = file.indexOf('tkhd', 0, 'latin1');
  if (at < 0) return undefined;
  const start = at + 4 + 4 + (file[at + 4] === 1 ? 32 : 20) + 16;
  if (start + 36 > file.length) return undefined;
  const rows = [0, 3, 6].map((i) => [0, 1, 2].map((j) => file.readInt32BE(start + 4 * (i + j))).join(' '));
  return rows.map((row, i) => `0000000${i}: ${row}`).join('\n');
}

/** Reads the lines of one `Input #0, ...` description. */
export function parseDescription(lines: readonly string[]): Fields {
  const format: Fields = { format_name: '', tags: {} };
  const streams: Fields[] = [];
  const chapters: Fields[] = [];
  let current: Fields = format;
  let lastTag: string | undefined;
  for (const line of lines) {
    const input = /^Input #0, (\S+?), from /.exec(line);
    const stream = /^ +Stream #0:(\d+)(?:\[[^\]]*\])?(?:\(([^)]*)\))?: (\w+): (.*)$/.exec(line);
    const duration = /^ {2}Duration: (\d+):(\d+):(\d+\.\d+)/.exec(line);
    const tag = /^ {4,}(\w[^:]*?) *: (.*)$/.exec(line);
    const more = /^ {20,}: (.*)$/.exec(line);
    if (input) format['format_name'] = input[1];
    else if (duration) format['duration'] = Number(duration[1]) * 3600 + Number(duration[2]) * 60 + Number(duration[3]);
    else if (/^ +Chapter #/.test(line)) chapters.push((current = { tags: {}, ...chapterTimes(line) }));
    else if (stream) {
      current = { index: Number(stream[1]), tags: stream[2] ? { language: stream[2] } : {}, side_data_list: [] };
      describeStream(current, (stream[3] ?? '').toLowerCase(), stream[4] ?? '');
      streams.push(current);
    } else if (sideData(current, line.trim())) continue;
    else if (tag?.[1] && isFields(current['tags'])) {
      lastTag = tag[1] in current['tags'] ? undefined : tag[1];
      current['tags'][tag[1]] ??= tag[2];
    } else if (more && lastTag && isFields(current['tags'])) {
      // A tag of several lines: the name is left out of all but the first.
      current['tags'][lastTag] = `${String(current['tags'][lastTag])}\n${more[1]}`;
    }
  }
  return { format, streams, chapters };
}

/** What follows a stream's description in parentheses. */
const DISPOSITION =
  /\((default|dub|original|comment|lyrics|karaoke|forced|hearing impaired|visual impaired|attached pic|timed thumbnails|captions|descriptions|still image)\)/g;

/** 'Chapter #0:0: start 0.000000, end 0.900000' */
function chapterTimes(line: string): Fields {
  const [, start, end] = /: start (-?[\d.]+), end (-?[\d.]+)/.exec(line) ?? [];
  return { start_time: Number(start), end_time: Number(end) };
}

/** 'h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709), 1080x720 [SAR 1:1 DAR 3:2], 718 kb/s, 29.97 fps, 30k tbn (default)' */
function describeStream(stream: Fields, type: string, words: string): void {
  const codec = /^\w+/.exec(words)?.[0];
  stream['codec_type'] = type;
  if (codec && codec !== 'none') stream['codec_name'] = codec;
  stream['codec_tag_string'] = /\((\w{4}) \/ 0x[0-9A-Fa-f]+\)/.exec(words)?.[1];
  const flags = [...words.matchAll(DISPOSITION)];
  stream['disposition'] = Object.fromEntries(flags.map((match) => [match[1]?.replaceAll(' ', '_'), 1]));
  if (type === 'audio') describeAudio(stream, words);
  if (type !== 'video') return;
  const size = /, (\d+)x(\d+)(?= \[|,|$| )/.exec(words);
  stream['width'] = Number(size?.[1] ?? 0);
  stream['height'] = Number(size?.[2] ?? 0);
  // The pixel format is the part just before the size; its parenthesis holds range, colours and field order.
  const before = words.slice(0, size?.index ?? 0);
  const format = /, (\w+)(?:\(([^()]*)\))?$/.exec(before);
  if (format?.[1] && format[1] !== 'none') stream['pix_fmt'] = format[1];
  describeColour(stream, (format?.[2] ?? '').split(', '));
  // The container's, where it differs from the codec's, is said last and counts.
  stream['sample_aspect_ratio'] = [...words.matchAll(/\bSAR (\d+:\d+)/g)].at(-1)?.[1];
  stream['avg_frame_rate'] = rate(/([\d.]+k?) fps/.exec(words)?.[1]);
  stream['r_frame_rate'] = rate(/([\d.]+k?) tbr/.exec(words)?.[1]);
  // Rounded to three digits ('11988 tbn'): the index has the exact one from showinfo.
  const tbn = rate(/([\d.]+k?) tbn/.exec(words)?.[1]);
  if (tbn) stream['time_base'] = tbn.split('/').reverse().join('/');
}

function describeColour(stream: Fields, words: readonly string[]): void {
  for (const word of words) {
    if (word === 'tv' || word === 'pc') stream['color_range'] = word;
    else if (word === 'progressive') stream['field_order'] = word;
    else if (/^(top|bottom) /.test(word)) stream['field_order'] = word.startsWith('top') ? 'tt' : 'bb';
    else if (/^[\w-]+\/[\w-]+\/[\w-]+$/.test(word)) {
      const [space, primaries, transfer] = word.split('/');
      Object.assign(stream, { color_space: space, color_primaries: primaries, color_transfer: transfer });
    } else if (/^[a-z][\w-]*$/.test(word)) {
      // One name stands for all three.
      Object.assign(stream, { color_space: word, color_primaries: word, color_transfer: word });
    }
  }
}

function describeAudio(stream: Fields, words: string): void {
  const parts = words.split(', ');
  const hz = parts.findIndex((part) => part.endsWith(' Hz'));
  const layout = parts[hz + 1] ?? '';
  const channels: Record<string, number> = { mono: 1, stereo: 2, quad: 4, '5.0': 5, '5.1': 6, '6.1': 7, '7.1': 8 };
  stream['sample_rate'] = Number.parseInt(parts[hz] ?? '0', 10);
  stream['channels'] = channels[layout.replace(/\(.*/, '')] ?? Number(/^(\d+) channels/.exec(layout)?.[1] ?? 0);
  stream['channel_layout'] = layout;
}

/** Side data lines, in ffprobe's words. True when the line was one. */
function sideData(stream: Fields, line: string): boolean {
  const list = stream['side_data_list'];
  if (!Array.isArray(list)) return false;
  const angle = /^displaymatrix: rotation of (-?[\d.]+) degrees/.exec(line);
  if (angle) list.push({ side_data_type: 'Display Matrix', rotation: Number(angle[1]) });
  else if (line.startsWith('DOVI configuration record')) list.push(dolbyVision(line));
  else if (/^Encryption (initialization|info)/i.test(line))
    list.push({ side_data_type: 'Encryption initialization data' });
  else if (line.startsWith('Content Light Level Metadata')) {
    const [max, average] = [/MaxCLL=(\d+)/.exec(line)?.[1], /MaxFALL=(\d+)/.exec(line)?.[1]];
    list.push({
      side_data_type: 'Content light level metadata',
      max_content: Number(max),
      max_average: Number(average),
    });
  } else if (line.startsWith('Mastering Display Metadata')) list.push(mastering(line));
  else return false;
  return true;
}

/** 'DOVI configuration record: version: 1.0, profile: 8, level: 2, rpu flag: 1, el flag: 0, bl flag: 1, compatibility id: 4'. */
function dolbyVision(line: string): Fields {
  const [profile, base] = [/\bprofile: (\d+)/.exec(line)?.[1], /\bcompatibility id: (\d+)/.exec(line)?.[1]];
  return {
    side_data_type: 'DOVI configuration record',
    ...(profile === undefined ? {} : { dv_profile: Number(profile) }),
    ...(base === undefined ? {} : { dv_bl_signal_compatibility_id: Number(base) }),
  };
}

function mastering(line: string): Fields {
  const pair = (name: string): [string | undefined, string | undefined] => {
    const match = new RegExp(`\\b${name}\\(([\\d.]+),? ?([\\d.]+)\\)`).exec(line);
    return [match?.[1], match?.[2]];
  };
  const fields: Fields = { side_data_type: 'Mastering display metadata' };
  for (const [short, long] of [
    ['r', 'red'],
    ['g', 'green'],
    ['b', 'blue'],
    ['wp', 'white_point'],
  ] as const) {
    [fields[`${long}_x`], fields[`${long}_y`]] = pair(short).map((v) => v && `${Math.round(Number(v) * 50_000)}/50000`);
  }
  for (const name of ['min_luminance', 'max_luminance']) {
    const value = new RegExp(`${name}=([\\d.]+)`).exec(line)?.[1];
    if (value) fields[name] = `${Math.round(Number(value) * 10_000)}/10000`;
  }
  return fields;
}

/** A rate in words as 'num/den': '29.97' is 30000/1001, '90k' 90000/1, '12.50' 25/2. */
function rate(word: string | undefined): string | undefined {
  if (!word) return undefined;
  const value = Number.parseFloat(word) * (word.endsWith('k') ? 1000 : 1);
  if (!(value > 0)) return undefined;
  for (const ntsc of [15, 24, 30, 48, 60, 90, 120, 240]) {
    if (Math.abs(value - (ntsc * 1000) / 1001) < 0.006) return `${ntsc * 1000}/1001`;
  }
  const [hundredths, divisor] = [Math.round(value * 100), [100, 50, 25, 20, 10, 5, 4, 2, 1]];
  const common = divisor.find((one) => hundredths % one === 0 && 100 % one === 0) ?? 1;
  return `${hundredths / common}/${100 / common}`;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
