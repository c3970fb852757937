/** Reading CMX3600 edit decision lists, of ours and of others. [Note: EDL] in edl-write.ts. */
import type { Rational } from '../../../contract/time.ts';
import { rational, toNumber } from '../../time/rational.ts';
import {
  badProject,
  cleanName,
  countRecords,
  CUT_NAME,
  markerColour,
  type ForeignClip,
  type ForeignMarker,
  type ForeignSequence,
} from './foreign.ts';
import { canDrop, framesOf, nominalRate, parseTimecode, type Timecode } from './timecode.ts';

interface EdlEvent {
  readonly reel: string;
  /** Source in, source out, record in, record out. */
  readonly codes: readonly [Timecode, Timecode, Timecode, Timecode];
  readonly transition: string;
  /** Frames a second. */
  speed?: number;
  name?: string;
  path?: string;
}

interface Locator {
  readonly at: Timecode;
  readonly colour: string;
  readonly name: string;
  readonly frames: number;
}

const EVENT =
  /^(\d{1,6})\s+(\S+)\s+(\S+)\s+(C|D|W\d*|K[BO]?)\s+(?:\d+\s+)?([\d:;.,]{8,})\s+([\d:;.,]{8,})\s+([\d:;.,]{8,})\s+([\d:;.,]{8,})\s*$/;
const SPEED = /^M2\s+\S+\s+([+-]?\d{1,6}(?:\.\d{1,6})?)\s+[\d:;.,]{8,}\s*$/;
const LOCATOR = /^\*\s*LOC:\s*([\d:;.,]{8,})\s+(\S+)(?:\s+(.*))?$/;

/** Longest line that is looked at. */
const LINE = 8192;

/**
 * The sequence of an EDL; `fallback` is its rate where it says none (and no drop frames). Throws bad-project where it is no EDL.
 */
export function readEdl(text: string, fallback?: Rational): ForeignSequence {
  const raw = parse(text);
  const notes = new Set<string>();
  if (raw.events.length === 0 && raw.locators.length === 0)
    throw badProject('It is no EDL: it has no events and no markers.');
  const { rate, rateKnown, drop } = rateOf(raw, fallback);
  if (!rateKnown)
    notes.add(`The EDL does not say its frame rate; ${Math.round(toNumber(rate) * 1000) / 1000} was taken.`);
  const frame = (code: Timecode) => framesOf(code, rate, drop);
  const places = [...raw.events.map((event) => event.codes[2]), ...raw.locators.map((one) => one.at)].map(frame);
  const zero = hourBefore(
    places.reduce((least, place) => Math.min(least, place), Infinity),
    rate,
    drop,
  );
  const clips: ForeignClip[] = [];
  let end = 0;
  for (const event of raw.events.toSorted((a, b) => frame(a.codes[2]) - frame(b.codes[2]))) {
    if (event.transition !== 'C') notes.add('Dissolves and wipes were read as cuts.');
    const clip = clipOf(event, { rate, zero, frame });
    if (!clip) continue;
    if (clip.start < end) {
      notes.add('Events that overlap others were left out; there is one video track.');
      continue;
    }
    end = clip.start + clip.frames;
    clips.push(clip);
  }
  const markers = raw.locators.map((one): ForeignMarker => {
    const colour = markerColour(one.colour);
    const { frames, name } = one;
    return { frame: Math.max(0, frame(one.at) - zero), frames, name, colour, cut: name === CUT_NAME };
  });
  const ignored = raw.skipped > 0 ? [`${raw.skipped} events without video were left out.`] : [];
  return { name: raw.title, rate, rateKnown, clips, markers, notes: [...notes, ...ignored] };
}

interface RawEdl {
  title: string;
  drop: boolean | undefined;
  rate: Rational | undefined;
  skipped: number;
  readonly events: EdlEvent[];
  readonly locators: Locator[];
}

function parse(text: string): RawEdl {
  const raw: RawEdl = { title: '', drop: undefined, rate: undefined, skipped: 0, events: [], locators: [] };
  let last: EdlEvent | undefined;
  for (const full of text.split(/\r\n|\n|\r/)) {
    const line = full.slice(0, LINE).trim();
    if (line === '') continue;
    const event = EVENT.exec(line);
    if (event) {
      last = eventOf(event, raw);
      if (last) raw.events.push(last);
    } else readLine(line, raw, last);
    countRecords(raw.events.length + raw.locators.length);
  }
  return raw;
}

function eventOf(match: RegExpExecArray, raw: RawEdl): EdlEvent | undefined {
  const [, , reel = '', channels = '', transition = 'C', ...texts] = match;
  const codes = texts.slice(0, 4).map((text) => parseTimecode(text));
  if (codes.some((code) => code === undefined))
    throw badProject(`It has an event whose timecode cannot be read: ${match[0].slice(0, 100)}`);
  if (!/V|B/i.test(channels)) {
    raw.skipped++;
    return undefined;
  }
  raw.drop ??= codes.some((code) => code!.drop) ? true : undefined;
  return { reel, transition, codes: codes as unknown as EdlEvent['codes'] };
}

function readLine(line: string, raw: RawEdl, last: EdlEvent | undefined): void {
  const title = /^TITLE:\s*(.*)$/.exec(line);
  if (title) raw.title ||= cleanName(title[1]!);
  if (line.startsWith('FCM:')) raw.drop ??= !/NON/.test(line);
  const rate = /^\*\s*INBETWEEN RATE:\s*(\d{1,7})(?:\/(\d{1,7}))?$/.exec(line);
  if (rate && Number(rate[2] ?? 1) > 0 && Number(rate[1]) > 0)
    raw.rate = rational(Number(rate[1]), Number(rate[2] ?? 1));
  const locator = LOCATOR.exec(line);
  const at = locator && parseTimecode(locator[1]!);
  if (locator && at) {
    const [, whole, span] = /^(.*?)(?:\s*\|D:(\d{1,8}))?$/.exec((locator[3] ?? '').slice(0, 1000)) ?? [];
    raw.locators.push({
      at,
      colour: locator[2]!,
      name: cleanName(whole ?? ''),
      frames: Math.max(1, Number(span ?? 1)),
    });
  }
  if (!last) return;
  const speed = SPEED.exec(line);
  if (speed) last.speed = Number(speed[1]);
  const name = /^\*\s*(?:FROM|TO) CLIP NAME:\s*(.*)$/.exec(line);
  if (name) last.name = cleanName(name[1]!);
  const path = /^\*\s*(?:SOURCE FILE|SOURCE FILE PATH|FILE PATH):\s*(.*)$/.exec(line);
  if (path) last.path = path[1]!.trim();
}

function rateOf(raw: RawEdl, fallback: Rational | undefined): { rate: Rational; rateKnown: boolean; drop: boolean } {
  const highest = raw.events.flatMap((event) => event.codes).reduce((most, code) => Math.max(most, code.frames), 0);
  const said = raw.rate && toNumber(raw.rate) <= 1000 && nominalRate(raw.rate) > highest ? raw.rate : undefined;
  if (raw.drop && !(said && !canDrop(said))) {
    const rate = said ?? (highest > 29 ? rational(60_000, 1001) : rational(30_000, 1001));
    return { rate, rateKnown: true, drop: true };
  }
  if (said) return { rate: said, rateKnown: true, drop: false };
  if (fallback && nominalRate(fallback) > highest) return { rate: fallback, rateKnown: false, drop: false };
  const guess = [25, 30, 50, 60, 120, 240, 1000].find((rate) => rate > highest) ?? 1000;
  return { rate: rational(guess), rateKnown: false, drop: false };
}

/** The frame that the last full hour before `frame` begins with: sequences begin on one. */
function hourBefore(frame: number, rate: Rational, drop: boolean): number {
  if (!Number.isFinite(frame)) return 0;
  for (let hours = 0; hours <= 100; hours++) {
    const next = framesOf({ hours: hours + 1, minutes: 0, seconds: 0, frames: 0, drop }, rate, drop);
    if (next > frame) return framesOf({ hours, minutes: 0, seconds: 0, frames: 0, drop }, rate, drop);
  }
  return 0;
}

function clipOf(
  event: EdlEvent,
  { rate, zero, frame }: { rate: Rational; zero: number; frame: (code: Timecode) => number },
): ForeignClip | undefined {
  const [sourceIn, sourceOut, recordIn, recordOut] = event.codes.map(frame) as [number, number, number, number];
  const frames = recordOut - recordIn;
  if (/^(BL|BLACK)$/i.test(event.reel) || frames <= 0) return undefined;
  const name = event.name || event.reel;
  const path = event.path;
  return {
    name,
    media: { name: path ? path.split(/[\\/]/).at(-1)! : name, path },
    byTimecode: true,
    start: recordIn - zero,
    frames,
    retime: {
      kind: 'constant',
      from: sourceIn / toNumber(rate),
      speed: speedOf(event, frames, sourceOut - sourceIn, rate),
    },
  };
}

/** By the M2 line, whose frames a second some count as 30 where others count 29.97; else by the two durations. */
function speedOf(event: EdlEvent, frames: number, source: number, rate: Rational): number {
  const { speed } = event;
  if (speed === undefined) return Math.abs(source - frames) <= 1 || source <= 0 ? 1 : source / frames;
  const [exact, nominal] = [speed / toNumber(rate), speed / nominalRate(rate)];
  const odd = (value: number) => Math.abs(value * 1000 - Math.round(value * 1000));
  return odd(exact) > 0.02 && odd(nominal) < 1e-3 ? nominal : exact;
}
