/**
 * What a sequence has beside picture and sound: the text of its clips as one subtitle track, its markers as chapters. Everything else of its clips is left
 * out, and said once for each file.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toAppError } from '../../../contract/errors.ts';
import type { SequenceSpec } from '../../../contract/jobs.ts';
import type { OtherStreamInfo, VideoInfo } from '../../../contract/media.ts';
import { TICKS } from '../../../contract/time.ts';
import type { Capabilities } from '../../media/capabilities.ts';
import type { Container } from '../../media/containers.ts';
import { ABILITIES, isText } from '../../media/tracks/abilities.ts';
import { legsOf, shownSpans } from '../../media/tracks/inverse.ts';
import { readSubtitlePackets, type SubtitlePackets } from '../../media/tracks/packets-in.ts';
import { writePackets } from '../../media/tracks/packets-out.ts';
import type { ReadyChapter, ReadySubtitles, ReadyTracks } from '../../media/tracks/prepare.ts';
import { plainText } from '../../media/tracks/ass-text.ts';
import {
  flattened,
  placeText,
  textEvents,
  textPackets,
  type PlacedText,
  type TextEvent,
} from '../../media/tracks/text-events.ts';
import { toNumber } from '../../time/rational.ts';
import type { ClipPlan } from './clip-plan.ts';
import { windowMap } from './clip-sound.ts';

/** The text of a clip that goes into the sequence's: the default one, or the first. */
export function textOf({ other }: VideoInfo, capabilities: Pick<Capabilities, 'decodes'>): OtherStreamInfo | undefined {
  const texts = other.filter(({ type, codec }) => type === 'subtitle' && isText(codec, capabilities));
  return texts.find(({ dispositions = [] }) => dispositions.includes('default')) ?? texts[0];
}

/** What is not carried into a sequence, a sentence a file; and that text becomes plain. */
export function sequenceTrackNotes(
  clips: readonly Pick<ClipPlan, 'clip' | 'source'>[],
  { name, images }: Container,
  capabilities: Pick<Capabilities, 'decodes'>,
): string[] {
  const notes = new Map<string, string>();
  for (const { clip, source } of clips) {
    const { info } = source;
    if (notes.has(info.path)) continue;
    const text = images ? undefined : textOf(info, capabilities);
    const kinds = (type: OtherStreamInfo['type']): number => info.other.filter((one) => one.type === type).length;
    const left = [
      info.audio.length > 1 ? `all sounds but the first of ${info.audio.length}` : '',
      counted(kinds('subtitle') - (text ? 1 : 0), text ? 'other subtitle track' : 'subtitle track'),
      counted(info.chapters, 'chapter'),
      counted(kinds('attachment') + kinds('cover'), 'attachment'),
    ].filter((one) => one !== '');
    const kept = text && `its ${text.codec} subtitles become plain text in the one subtitle track of .${name}`;
    const lost = left.length > 0 ? `left out are ${left.join(', ')}` : undefined;
    const said = [kept, lost].filter((one) => one !== undefined).join('; ');
    notes.set(info.path, said === '' ? '' : `${clip.name}: ${said}.`);
  }
  return [...notes.values()].filter((note) => note !== '');
}

function counted(count: number, what: string): string {
  return count <= 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
}

export interface SequenceTracksOf {
  readonly spec: SequenceSpec;
  readonly clips: readonly ClipPlan[];
  readonly container: Container;
  readonly capabilities: Pick<Capabilities, 'decodes'>;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** Makes them ready. Text that cannot be read is left out, by a note. Throws the signal's reason, disk-full. */
export async function sequenceTracks(
  of: SequenceTracksOf,
): Promise<Pick<ReadyTracks, 'subtitles' | 'chapters' | 'files' | 'notes'>> {
  const { spec, container } = of;
  if (container.images) return { subtitles: [], chapters: [], files: [], notes: [] };
  const notes: string[] = [];
  const subtitles = await oneText(of, notes);
  return { subtitles: subtitles ? [subtitles] : [], chapters: chaptersOf(spec), files: [], notes };
}

async function oneText(of: SequenceTracksOf, notes: string[]): Promise<ReadySubtitles | undefined> {
  const { spec, clips, container, capabilities } = of;
  const rate = toNumber(spec.settings.rate);
  const read = new Map<string, TextEvent[] | undefined>();
  const placed: PlacedText[] = [];
  const languages = new Set<string | undefined>();
  let any = false;
  for (const clip of clips) {
    const { info } = clip.source;
    const stream = textOf(info, capabilities);
    if (!stream) continue;
    if (!read.has(info.path)) read.set(info.path, await eventsOf(clip, stream, of, notes));
    const events = read.get(info.path);
    if (!events) continue;
    any = true;
    languages.add(stream.language);
    const start = Math.max(clip.clip.start, spec.from);
    const end = Math.min(clip.clip.start + clip.clip.frames, spec.to);
    const map = windowMap(clip.frames, clip.clip.first + start - clip.clip.start, end - start);
    const shift = Math.round(((start - spec.from) / rate) * 1000);
    for (const one of placeText(events, shownSpans(legsOf(map), events))) {
      placed.push({ ...one, start: one.start + shift, end: one.end + shift });
    }
  }
  if (!any) return undefined;
  const holds = ABILITIES[container.name];
  const ordered = placed.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const packets = textPackets(holds.flat ? flattened(ordered) : ordered);
  const path = join(of.scratch, 'sequence-text.mks');
  await writePackets(path, 'subrip', Buffer.alloc(0), packets);
  const [language] = languages;
  const labels = { ...(languages.size === 1 && language && { language }), dispositions: ['default'] };
  const write = holds.subtitles.includes('subrip') ? 'copy' : holds.subtitles[0] === 'webvtt' ? 'webvtt' : 'mov_text';
  const ends = packets.reduce((latest, { end = 0 }) => Math.max(latest, end), 0);
  return {
    path,
    planned: { write, stream: { index: 0, type: 'subtitle', codec: 'subrip', ...labels } },
    count: packets.length,
    ...(packets.length > 0 && { end: ends / 1000 }),
  };
}

async function eventsOf(
  { clip, source: { info, facts } }: ClipPlan,
  stream: OtherStreamInfo,
  { scratch, signal }: SequenceTracksOf,
  notes: string[],
): Promise<TextEvent[] | undefined> {
  const plain = /^(subrip|srt|text)$/.test(stream.codec);
  const codec = plain || /^(ass|ssa)$/.test(stream.codec) ? 'copy' : 'ass';
  let packets: SubtitlePackets;
  try {
    await mkdir(scratch, { recursive: true });
    packets = await readSubtitlePackets({ path: info.path, index: stream.index, codec, scratch, signal });
  } catch (thrown) {
    const error = toAppError(thrown);
    if (!/^(ffmpeg-failed|unreadable)$/.test(error.code)) throw error;
    notes.push(`${clip.name}: its subtitles cannot be read and are left out.`);
    return undefined;
  }
  const { events } = textEvents(plain ? 'subrip' : 'ass', packets, facts.index.start / TICKS);
  return events.map(({ start, end, text, style }) => ({
    start,
    end,
    text: style === undefined ? text : plainText(text),
  }));
}

/** Each marker is where a chapter begins; it ends where the next does. */
function chaptersOf({ markers = [], settings, from, to }: SequenceSpec): ReadyChapter[] {
  const ms = (frame: number): number => Math.round(((frame - from) / toNumber(settings.rate)) * 1000);
  const places = new Map(markers.map(({ frame, name }) => [frame, name]));
  const inside = [...places].filter(([frame]) => frame >= from && frame < to).toSorted(([a], [b]) => a - b);
  return inside.map(([frame, title], i) => ({ start: ms(frame), end: ms(inside[i + 1]?.[0] ?? to), title }));
}
