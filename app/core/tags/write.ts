/**
 * Spans as files: JSON with all there is to know, CSV for tables, WebVTT and SubRip for players, an EDL of markers for editors. Times are seconds from the clip's
 * first frame.
 */
import type { ProjectState } from '../../contract/project.ts';
import type { SpanFact, SpanRules, TagSummary } from '../../contract/tags.ts';
import type { ClipRow } from '../library/clip-rows.ts';
import { NO_CUTS, cleanName } from '../projects/interchange/foreign.ts';
import { writeEdl } from '../projects/interchange/edl-write.ts';
import { outgoingMedia } from '../projects/interchange/outgoing.ts';
import { toNumber } from '../time/rational.ts';
import type { TagFormat } from './spec.ts';

/** All that is known of a clip's actions after a run. */
export interface TagReport extends TagSummary {
  readonly rules: SpanRules;
  /** Labels that were asked for; null for all. */
  readonly labels: readonly string[] | null;
  /** Scores a second, and the seconds they span. */
  readonly rate: number;
  readonly duration: number;
  readonly curves: ScoreCurves;
}

/** Probabilities of labels over time: of each `step` seconds the largest. */
export interface ScoreCurves {
  readonly step: number;
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** The text of a report in a format; `clip` is its row in the library. */
export function tagsText(format: TagFormat, report: TagReport, clip: ClipRow): string {
  if (format === 'csv') return spansCsv(report.spans);
  if (format === 'vtt') return spansVtt(report.spans);
  if (format === 'srt') return spansSrt(report.spans);
  if (format === 'edl') return spansEdl(report.spans, clip);
  return `${JSON.stringify(report, undefined, 1)}\n`;
}

/** RFC 4180, a line of names first. */
export function spansCsv(spans: readonly SpanFact[]): string {
  const rows = spans.map(({ label, start, end, score }) => [label, decimal(start), decimal(end), decimal(score)]);
  return [['label', 'start', 'end', 'score'], ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('');
}

/** A field of a table, quoted where it must be. */
export function csvField(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function decimal(value: number | null): string {
  return value === null ? '' : value.toFixed(3);
}

/** WebVTT, a cue for each span. Its text has no markup: '&', '<' and '>' are escaped. */
export function spansVtt(spans: readonly SpanFact[]): string {
  const cues = spans.map(({ label, start, end }, i) => {
    const text = oneLine(label).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    return `${i + 1}\n${clock(start, '.')} --> ${clock(end, '.')}\n${text}\n`;
  });
  return ['WEBVTT\n', ...cues].join('\n');
}

/** SubRip knows no escape: what a player would take for markup is written with other brackets. */
export function spansSrt(spans: readonly SpanFact[]): string {
  return spans
    .map(({ label, start, end }, i) => {
      const text = oneLine(label)
        .replaceAll('<', '\u2039')
        .replaceAll('>', '\u203a')
        .replaceAll('{', '(')
        .replaceAll('}', ')');
      return `${i + 1}\r\n${clock(start, ',')} --> ${clock(end, ',')}\r\n${text}\r\n`;
    })
    .join('\r\n');
}

function oneLine(label: string): string {
  const text = cleanName(label);
  return text === '' ? '-' : text;
}

/** 'HH:MM:SS.mmm', or with another sign before the thousandths. */
export function clock(seconds: number, point: '.' | ','): string {
  const ms = Math.max(0, Math.round(seconds * 1000));
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const whole = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60].map(two).join(':');
  return `${whole}${point}${String(ms % 1000).padStart(3, '0')}`;
}

const COLOURS = ['blue', 'green', 'red', 'yellow', 'cyan', 'magenta', 'orange', 'purple'];
/** Rates that timecode can count; others are told at 25. */
const RATES = { least: 1, most: 120, instead: { num: 25, den: 1 } };

/** The whole clip as the one event of an edit decision list ([Note: EDL] in projects/interchange/edl-write.ts), each span a marker with its length. */
export function spansEdl(spans: readonly SpanFact[], clip: ClipRow): string {
  const media = outgoingMedia(clip, []);
  const claimed = media.rate && toNumber(media.rate);
  const usual = claimed !== undefined && claimed >= RATES.least && claimed <= RATES.most;
  const rate = usual ? media.rate! : RATES.instead;
  const a = toNumber(rate);
  const seconds = media.duration > 0 ? media.duration : spans.reduce((most, { end }) => Math.max(most, end), 0);
  const frames = Math.max(1, Math.round(seconds * a));
  const colours = new Map<string, string>();
  for (const { label } of spans) {
    if (!colours.has(label)) colours.set(label, COLOURS[colours.size % COLOURS.length]!);
  }
  const ends = frames / a;
  const state: ProjectState = {
    settings: { ...SETTINGS, rate, ...media.size },
    clips: {
      clip: {
        ...{
          id: 'clip',
          media: clip.id,
          name: clip.name,
          start: 0,
          first: 0,
          frames,
          engine: 'hold',
          audio: 'original',
        },
        ...{ cuts: NO_CUTS, holds: 'off', maxHold: 0, shutter: 0, remedies: [] },
        keys: [
          { output: 0, source: 0, ease: 'linear' },
          { output: ends, source: ends, ease: 'linear' },
        ],
      },
    },
    markers: Object.fromEntries(
      spans.map(({ label, start, end }, i) => {
        const frame = Math.min(frames - 1, Math.round(start * a));
        const length = Math.max(1, Math.min(frames, Math.round(end * a)) - frame);
        return [String(i), { id: String(i), frame, frames: length, name: label, colour: colours.get(label)! }];
      }),
    ),
  };
  return writeEdl({ name: clip.name, state, media: new Map([[clip.id, media]]) }).text;
}

const SETTINGS = { width: 1920, height: 1080, pixelFormat: 'yuv420p', colour: {}, sampleRate: 48_000, channels: 2 };
