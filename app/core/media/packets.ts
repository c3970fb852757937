/** The packets of a file as a player meets them: when each is shown and for how long. Nothing is decoded. */
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Rational } from '../../contract/time.ts';
import { rational } from '../time/rational.ts';
import { locateFfmpeg, spawnFfmpeg } from './ffmpeg.ts';
import { inputArgs } from './input.ts';
import { readFfmpegText } from './probe-text.ts';

export interface PacketStream {
  readonly index: number;
  readonly type: 'video' | 'audio' | 'subtitle' | 'other';
  /** Unit of the times below, in seconds. */
  readonly timeBase: Rational;
  readonly sampleRate?: number;
  /** Length in seconds as the container says it; packets' own durations are partly guessed from the codec's frame rate. */
  readonly duration?: number;
  /** Presentation times, in order of storage. */
  readonly times: number[];
  readonly durations: number[];
  /** Samples at the very end that are padding and not heard. */
  discardedSamples: number;
  /** Packets with something beside them in Matroska's way: the transparency of VP8 and VP9. Without ffprobe, with anything beside them. */
  additions: number;
}

/** Reads the times of all packets by ffprobe, or by ffmpeg where there is none of the same build. Throws ffmpeg-failed and as the signal says. */
export async function readPackets(path: string, signal?: AbortSignal): Promise<PacketStream[]> {
  const { ffprobe } = await locateFfmpeg();
  return ffprobe ? await byFfprobe(path, signal) : await byFfmpeg(path, signal);
}

async function byFfprobe(path: string, signal?: AbortSignal): Promise<PacketStream[]> {
  const entries =
    'stream=index,codec_type,time_base,sample_rate,duration:stream_tags=DURATION:packet=stream_index,pts,duration:packet_side_data=side_data_type,discard_padding';
  const args = [...(await inputArgs(path)), '-show_entries', entries, '-of', 'compact=nk=0'];
  const streams = new Map<number, PacketStream>();
  const packets: Map<string, string>[] = [];
  await eachLine(args, 'ffprobe', signal, (line) => {
    const fields = new Map(
      line.split('|').map((field): [string, string] => {
        const at = field.indexOf('=');
        return at < 0 ? ['', field] : [field.slice(0, at).replace(/^.*:/, ''), field.slice(at + 1)];
      }),
    );
    if (line.startsWith('packet')) packets.push(fields);
    else if (line.startsWith('stream')) {
      const index = Number(fields.get('index'));
      const more = {
        sampleRate: Number(fields.get('sample_rate')),
        duration: Number(fields.get('duration')) || clockSeconds(fields.get('DURATION')),
      };
      streams.set(index, newStream(index, fields.get('codec_type') ?? '', fields.get('time_base') ?? '1/1', more));
    }
  });
  // ffprobe lists the streams after their packets.
  for (const packet of packets) {
    const stream = streams.get(Number(packet.get('stream_index')));
    if (!stream) continue;
    stream.times.push(Number(packet.get('pts')));
    stream.durations.push(Number(packet.get('duration') ?? 0) || 0);
    stream.discardedSamples = Number(packet.get('discard_padding') ?? 0) || 0;
    if (packet.get('side_data_type') === 'Matroska BlockAdditional') stream.additions++;
  }
  return [...streams.values()];
}

/**
 * Through ffmpeg's framecrc. Of the padding at the end of a sound it tells the presence, not the size, so sound is decoded to see where it ends; of
 * lengths only Matroska's are in words.
 */
export async function byFfmpeg(path: string, signal?: AbortSignal): Promise<PacketStream[]> {
  const input = await inputArgs(path);
  const copy = ['-c', 'copy', '-copyts', '-copyinkf', '-avoid_negative_ts', 'disabled'];
  const described = describedSchema.parse(await readFfmpegText(input, signal ? { signal } : {})).streams;
  // Attachments and data have no packets to copy, and what is copied is numbered anew.
  const mapped = described.filter(({ codec_type: type }) => /^(video|audio|subtitle)$/.test(type ?? ''));
  const maps = mapped.flatMap(({ index }) => ['-map', `0:${index}`]);
  const read = maps.length > 0 ? await readFramecrc([...input, ...maps, ...copy], signal) : [];
  const streams = read.map((stream) => ({ ...stream, index: mapped[stream.index]?.index ?? stream.index }));
  const lengths = new Map(described.map(({ index, tags }) => [index, clockSeconds(tags.DURATION) || 0]));
  const found: PacketStream[] = [];
  for (const stream of streams) {
    const duration = lengths.get(stream.index) ?? 0;
    const padding = stream.type === 'audio' ? await paddingOf(stream, input, signal) : {};
    found.push({ ...stream, ...(duration > 0 ? { duration } : {}), ...padding });
  }
  return found;
}

/** How much earlier than its packets a sound ends when it is decoded; nothing where that fails. */
async function paddingOf(
  stream: PacketStream,
  input: readonly string[],
  signal?: AbortSignal,
): Promise<Partial<Pick<PacketStream, 'sampleRate' | 'discardedSamples'>>> {
  const heard = ['-copyts', ...input, '-map', `0:${stream.index}`, '-c:a', 'pcm_s16le'];
  const [sound] = await readFramecrc(heard, signal).catch(() => []);
  signal?.throwIfAborted();
  if (!sound || sound.times.length === 0) return {};
  const sampleRate = sound.timeBase.den / sound.timeBase.num;
  return { sampleRate, discardedSamples: Math.max(0, (endOf(stream) - endOf(sound)) * sampleRate) };
}

function endOf({ times, durations, timeBase }: PacketStream): number {
  const end = times.reduce((latest, time, i) => Math.max(latest, time + (durations[i] ?? 0)), -Infinity);
  return (end * timeBase.num) / timeBase.den;
}

/** What is asked of ffmpeg's words; DURATION is Matroska's. */
const describedSchema = z.object({
  streams: z.array(
    z.object({
      index: z.number(),
      codec_type: z.string().optional(),
      tags: z.object({ DURATION: z.string().optional() }),
    }),
  ),
});

/** '#tb 0: 1/24000', '#media_type 0: video', then 'stream, dts, pts, duration, size, crc'. */
async function readFramecrc(args: readonly string[], signal?: AbortSignal): Promise<PacketStream[]> {
  const streams = new Map<number, PacketStream>();
  const bases = new Map<number, string>();
  const types = new Map<number, string>();
  await eachLine([...args, '-f', 'framecrc', '-'], 'ffmpeg', signal, (line) => {
    const header = /^#(tb|media_type) (\d+): (\S+)/.exec(line);
    if (header) {
      const [, key, index = '0', value = ''] = header;
      if (key === 'tb') bases.set(Number(index), value);
      if (key === 'media_type') types.set(Number(index), value);
      const [base, type] = [bases.get(Number(index)), types.get(Number(index))];
      if (base && type) streams.set(Number(index), newStream(Number(index), type, base, {}));
      return;
    }
    const [index, , pts, duration] = line.split(',').map(Number);
    const stream = index === undefined || line.startsWith('#') ? undefined : streams.get(index);
    if (!stream || pts === undefined) return;
    stream.times.push(pts);
    stream.durations.push(duration ?? 0);
    if (/, S=[1-9]/.test(line)) stream.additions++;
  });
  return [...streams.values()];
}

/** Seconds of Matroska's '00:00:01.501000000'; NaN for anything else. */
function clockSeconds(text: string | undefined): number {
  const [, hours, minutes, seconds] = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text ?? '') ?? [];
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function newStream(
  index: number,
  type: string,
  timeBase: string,
  { sampleRate = 0, duration = 0 }: { sampleRate?: number; duration?: number },
): PacketStream {
  const [num, den] = timeBase.split('/').map(Number);
  return {
    index,
    type: type === 'video' || type === 'audio' || type === 'subtitle' ? type : 'other',
    timeBase: rational(num || 1, den || 1),
    ...(sampleRate > 0 ? { sampleRate } : {}),
    ...(duration > 0 ? { duration } : {}),
    times: [],
    durations: [],
    discardedSamples: 0,
    additions: 0,
  };
}

async function eachLine(
  args: readonly string[],
  tool: 'ffmpeg' | 'ffprobe',
  signal: AbortSignal | undefined,
  take: (line: string) => void,
): Promise<void> {
  const reader = await spawnFfmpeg(args, { tool, logLevel: 'error', ...(signal ? { signal } : {}) });
  try {
    for await (const line of createInterface({ input: reader.stdout })) take(line);
    await reader.done;
  } finally {
    await reader.stop();
  }
}
