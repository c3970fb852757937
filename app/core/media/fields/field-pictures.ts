/** The list of pictures that a clip's fields make, and their times ([Note: field times] in treat.ts). */
import { TICKS } from '../../../contract/time.ts';
import type { SourceTiming } from '../../time/regular.ts';
import { PICTURE, codedFrame, pictureCode } from './field-index.ts';
import { isCombed, sectionKind, type FieldSection, type FoundFields } from './found.ts';
import { fieldsPerFrame, filmFrameAt } from './patterns.ts';

/** 'film': each section as it was found. 'deinterlace': every field of what is combed; of progressive footage, all fields. */
export type Treatment = 'film' | 'deinterlace';

interface Picture {
  readonly code: number;
  readonly time: number;
}

/** A run of fields of one film frame: `from` to `to`, counted over the clip, two a frame. `number` counts film frames within the section. */
export interface FilmRun {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/** The first field of a picture, counted over the clip. */
export function firstFieldOf(code: number): number {
  const frame = codedFrame(code);
  const kind = code & 3;
  if (kind === PICTURE.second) return 2 * frame + 1;
  return kind === PICTURE.across ? 2 * frame - 1 : 2 * frame;
}

/** Codes and times (ticks; the first is 0) of the pictures; `shift` is how much later than the first frame the first picture is. */
export function fieldPictures(
  fields: FoundFields,
  timing: SourceTiming,
  how: Treatment,
): { codes: number[]; times: number[]; shift: number } {
  const at = fieldTimes(timing);
  const pictures: Picture[] = [];
  const grid: { origin?: number } = {};
  // Film that was put on its grid may reach a little into what follows.
  let room = 0;
  for (const section of fields.sections) {
    const kind = sectionKind(section);
    const whole = kind === 'whole' && !(how === 'deinterlace' && !isCombed(fields));
    const film = kind === 'film' && how === 'film';
    const made = whole
      ? wholeOf(section, at)
      : film
        ? filmOf(section, at, timing, grid, pictures)
        : fieldsOf(section, at);
    for (const picture of made) if (picture.time > (pictures.at(-1)?.time ?? -Infinity) + room) pictures.push(picture);
    room = film ? fieldLength(timing) / 2 : 0;
  }
  const shift = pictures[0]?.time ?? 0;
  return { codes: pictures.map(({ code }) => code), times: pictures.map(({ time }) => time - shift), shift };
}

/** Ticks of a field, as the clip's rate has them. */
function fieldLength({ rate }: SourceTiming): number {
  return (TICKS * rate.den) / (2 * rate.num);
}

/** When a field is shown: half a frame's time lies between the fields of a frame, also where frames come irregularly. */
function fieldTimes({ times, end }: SourceTiming): (field: number) => number {
  return (field) => {
    const frame = field >> 1;
    const start = times[frame] ?? end;
    return field % 2 === 0 ? start : Math.round((start + (times[frame + 1] ?? end)) / 2);
  };
}

function* wholeOf({ first, last }: FieldSection, at: (field: number) => number): Generator<Picture> {
  for (let k = first; k <= last; k++) yield { code: pictureCode(k, 'whole'), time: at(2 * k) };
}

function* fieldsOf({ first, last }: FieldSection, at: (field: number) => number): Generator<Picture> {
  for (let k = first; k <= last; k++) {
    yield { code: pictureCode(k, 'first'), time: at(2 * k) };
    yield { code: pictureCode(k, 'second'), time: at(2 * k + 1) };
  }
}

/** The film frames of a section; those at its ends may have lost a field to the edit. */
export function filmRuns({ first, last, pattern, phase }: FieldSection): FilmRun[] {
  const runs: FilmRun[] = [];
  for (let field = 2 * first; field <= 2 * last + 1; field++) {
    const number = filmFrameAt(pattern, phase + field - 2 * first);
    const run = runs.at(-1);
    if (run?.number === number) runs[runs.length - 1] = { ...run, to: field };
    else runs.push({ number, from: field, to: field });
  }
  return runs;
}

/** Where two fields of one moment lie together; a single field is put on its own. */
export function filmCode({ from, to }: FilmRun): number {
  if (from === to) return pictureCode(from >> 1, from % 2 === 0 ? 'first' : 'second');
  const whole = from % 2 === 0 ? from : from + 1;
  return whole + 1 <= to ? pictureCode(whole >> 1, 'whole') : pictureCode(whole >> 1, 'across');
}

function* filmOf(
  section: FieldSection,
  at: (field: number) => number,
  timing: SourceTiming,
  grid: { origin?: number },
  before: Picture[],
): Generator<Picture> {
  const runs = filmRuns(section);
  const step = fieldsPerFrame(section.pattern) * fieldLength(timing);
  const anchor = runs.find(({ from, to }) => to > from) ?? runs[0]!;
  const own = at(anchor.from);
  grid.origin ??= own;
  const place = (time: number): number => Math.round((time - grid.origin!) / step);
  let slot = place(own);
  const natural = grid.origin + slot * step;
  // A field that an edit left alone gives way to a frame that has both.
  while (isLone(before.at(-1)) && before.at(-1)!.time > natural - step / 2) before.pop();
  while (grid.origin + slot * step <= (before.at(-1)?.time ?? -Infinity)) slot++;
  // Frames that come irregularly, as from a damaged recording, carry their film with them.
  let late = 0;
  for (const run of runs) {
    const expected = slot + run.number - anchor.number + late;
    const gap = timing.vfr ? 0 : place(at(run.from)) - expected;
    if (gap > 1) late += gap;
    const time = Math.round(grid.origin + (expected + (gap > 1 ? gap : 0)) * step);
    // A lone field before the first film frame of all: there is no place for it.
    if (run.from === run.to && time < grid.origin) continue;
    yield { code: filmCode(run), time };
  }
}

function isLone(picture: Picture | undefined): boolean {
  return picture !== undefined && (picture.code & 3) !== PICTURE.whole && (picture.code & 3) !== PICTURE.across;
}
