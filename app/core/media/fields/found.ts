/** What a clip's fields were found to be, and how that is said. */
import { z } from 'zod';
import type { VideoInfo } from '../../../contract/media.ts';
import { findCadence, type CadenceSection, type FieldOrder } from './cadence.ts';
import { PATTERN_NAMES, periodOf, type PatternName } from './patterns.ts';
import { isSoftTelecine } from './soft.ts';

const count = z.int().nonnegative();

/** Stored with the facts of a clip (frame-facts.ts). */
export const foundFieldsSchema = z.object({
  /** 'soft-telecine': film whose frames are shown for two and three fields by flags of the file, not by repeated fields. */
  kind: z.enum(['progressive', 'interlaced', 'telecined', 'soft-telecine', 'mixed']),
  /** Which field comes first; of progressive footage it says nothing. */
  order: z.enum(['top', 'bottom']),
  /** All frames, in order. Costs are the evidence: the share of combing that a reading does not explain ([Note: cadence of fields]). */
  sections: z.array(
    z.object({
      first: count,
      last: count,
      pattern: z.enum(PATTERN_NAMES),
      phase: count,
      telling: z.number(),
      cost: z.number(),
      costWhole: z.number(),
    }),
  ),
  /** Of footage that is not progressive: fields (two a frame) that start a new shot, and runs of fields that show one picture again. */
  cuts: z.array(count),
  holds: z.array(z.object({ first: count, last: count })),
});

export type FoundFields = z.infer<typeof foundFieldsSchema>;
export type FieldSection = FoundFields['sections'][number];

/** Whether frames of it hold fields of two moments. */
export function isCombed({ kind }: Pick<FoundFields, 'kind'>): boolean {
  return kind !== 'progressive' && kind !== 'soft-telecine';
}

/** How a section of a clip came about. */
export type SectionKind = 'whole' | 'video' | 'film';

export function sectionKind({ pattern, phase }: Pick<FieldSection, 'pattern' | 'phase'>): SectionKind {
  if (pattern === '1') return 'video';
  return pattern === '2' && phase === 0 ? 'whole' : 'film';
}

/** Frames that tell with which a section counts, and by how much its own reading must be the better one. */
const LEAST_TELLING = 4;
const LEAST_GAIN = 0.2;
/** What film leaves unexplained at most. */
const MOST_OF_FILM = 0.4;
/** What is combed in so small a part of what moves, and in so few frames, is a coincidence. */
const LEAST_SHARE = 0.02;
const LEAST_FRAMES = 12;

/** From CombMeter's numbers and the cuts between frames as coded; cuts and holds of the fields are left to be found. */
function foundFrom(numbers: Float32Array, frameCuts: readonly number[]): FoundFields {
  const { order, sections } = findCadence(numbers, frameCuts);
  const clean = joined(sections);
  const telling = { whole: 0, video: 0, film: 0 };
  for (const section of clean) telling[sectionKind(section)] += section.telling;
  const combed = telling.video + telling.film;
  const none = combed < Math.max(LEAST_FRAMES / 2, Math.min(LEAST_FRAMES, LEAST_SHARE * (combed + telling.whole)));
  const progressive = none || clean.every((section) => sectionKind(section) === 'whole');
  if (progressive) return { kind: 'progressive', order, sections: [asWhole(clean)], cuts: [], holds: [] };
  const kinds = new Set(clean.map(sectionKind));
  const kind = kinds.size > 1 ? 'mixed' : kinds.has('video') ? 'interlaced' : 'telecined';
  return { kind, order, sections: clean, cuts: [], holds: [] };
}

/** Fewer lines than that have no fields unless the file says so: no camera or broadcast has, and what moves by whole lines in a small drawing looks the same. */
const LEAST_LINES = 240;
const FLAGGED = /^(tt|bb|tb|bt)$/;

/** The same of a clip, looking at its lines and at the times of its frames as well: soft telecine shows in nothing else. */
export function foundIn(
  { video }: Pick<VideoInfo, 'video'>,
  numbers: Float32Array,
  frameCuts: readonly number[],
  times: readonly number[],
): FoundFields {
  const possible = video.codedHeight >= LEAST_LINES || FLAGGED.test(video.fieldOrder ?? '');
  const found = foundFrom(possible ? numbers : new Float32Array(numbers.length), frameCuts);
  return found.kind === 'progressive' && isSoftTelecine(times) ? { ...found, kind: 'soft-telecine' } : found;
}

/** Sections that say too little become part of the one before (the first: of the one after), neighbours of one reading one. */
function joined(sections: readonly CadenceSection[]): FieldSection[] {
  const out: FieldSection[] = [];
  let early = 0;
  for (const section of sections) {
    const before = out.at(-1);
    const sure = isSure(section);
    if (before && (!sure || alike(before, section))) out[out.length - 1] = merged(before, section);
    else if (sure) out.push({ ...section, ...begun(section, early) });
    else early = section.last + 1;
  }
  const all = { first: 0, last: sections.at(-1)?.last ?? 0, pattern: '2' as const, phase: 0 };
  return out.length > 0 ? out : [{ ...all, telling: 0, cost: 0, costWhole: 0 }];
}

/** Whether a section may be what it was read as. What no pattern explains is left as it is: leaves in the wind are combed as much any way they are woven. */
function isSure(section: FieldSection): boolean {
  if (section.telling < LEAST_TELLING) return false;
  const kind = sectionKind(section);
  if (kind === 'whole') return true;
  return section.costWhole - section.cost >= LEAST_GAIN && (kind === 'video' || section.cost <= MOST_OF_FILM);
}

/** A section that reaches back to where nothing was sure: its own pattern, begun earlier. */
function begun({ first, pattern, phase }: CadenceSection, early: number): { first: number; phase: number } {
  if (early === 0) return { first, phase };
  const period = periodOf(pattern);
  return { first: 0, phase: (((phase - 2 * first) % period) + period) % period };
}

/** The same reading, without a break where frames have both their fields anyway. */
function alike(a: FieldSection, b: FieldSection): boolean {
  return a.pattern === b.pattern && a.phase === b.phase && (a.pattern === '1' || a.pattern === '2');
}

function merged(a: FieldSection, b: FieldSection): FieldSection {
  const telling = a.telling + b.telling;
  const mean = (x: number, y: number): number => (telling > 0 ? (x * a.telling + y * b.telling) / telling : 0);
  return { ...a, last: b.last, telling, cost: mean(a.cost, b.cost), costWhole: mean(a.costWhole, b.costWhole) };
}

function asWhole(sections: readonly FieldSection[]): FieldSection {
  const all = sections.reduce(merged);
  return { ...all, pattern: '2', phase: 0, cost: all.costWhole };
}

/** What the file's header says of its fields; undefined where it says nothing. Of 'tb' and 'bt' programs think differently which field they mean. */
export function flaggedFields({ video }: VideoInfo): 'progressive' | 'interlaced' | FieldOrder | undefined {
  const flag = video.fieldOrder ?? '';
  if (flag === 'progressive') return 'progressive';
  if (flag === 'tt' || flag === 'bb') return flag === 'tt' ? 'top' : 'bottom';
  return flag === 'tb' || flag === 'bt' ? 'interlaced' : undefined;
}

/** What was found, as the beginning of a sentence of which the clip is the subject: 'is interlaced, top field first'. */
export function describeFound({ kind, order, sections }: FoundFields): string {
  const first = `${order} field first`;
  if (kind === 'progressive') return 'is progressive';
  if (kind === 'soft-telecine') return 'is film with pulldown flags (soft telecine)';
  if (kind === 'interlaced') return `is interlaced, ${first}`;
  if (kind === 'telecined') return `is telecined film (${filmPatterns(sections)}), ${first}`;
  const frames = { whole: 0, video: 0, film: 0 };
  for (const section of sections) frames[sectionKind(section)] += section.last - section.first + 1;
  const words = { whole: 'whole frames', video: 'interlaced', film: `telecined film (${filmPatterns(sections)})` };
  const parts = (['video', 'film', 'whole'] as const).filter((one) => frames[one] > 0);
  return `is mixed, ${first}: ${parts.map((one) => `${frames[one]} frames ${words[one]}`).join(', ')}`;
}

function filmPatterns(sections: readonly FieldSection[]): string {
  const names = new Set(sections.filter((one) => sectionKind(one) === 'film').map(({ pattern }) => pattern));
  const words = { '2': '2:2, a field late', '24:1': '24 in 25' } as Partial<Record<PatternName, string>>;
  return [...names].map((name) => words[name] ?? name).join(' and ');
}
