/**
 * A source as it is to be worked with: its fields made pictures, by what was found and what was asked. Decodes nothing.
 *
 * [Note: field times] An interlaced frame becomes two pictures: its first field at the frame's time, its second halfway to the next frame. Film frames are
 * spaced evenly, on one grid for the whole clip, the first at its first field: they were even when they were filmed, and the pulldown put each at most half
 * a field beside its place. Where an edit breaks the pulldown, the grid goes on and the film behind the edit falls on its nearest place.
 */
import type { FieldsChoice } from '../../../contract/choices.ts';
import { AppError } from '../../../contract/errors.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import { divide, multiply, rational } from '../../time/rational.ts';
import { sourceTiming } from '../../time/regular.ts';
import type { FrameFacts } from '../frame-facts.ts';
import { PICTURE } from './field-index.ts';
import { describeFound, flaggedFields, isCombed, sectionKind, type FoundFields } from './found.ts';
import { fieldPictures, firstFieldOf, type Treatment } from './field-pictures.ts';
import { fieldsPerFrame } from './patterns.ts';
import { softFilm } from './soft-film.ts';

export interface TreatedSource {
  readonly info: VideoInfo;
  readonly facts: FrameFacts;
  /** What a user should know: one sentence each, the clip its subject. */
  readonly notes: readonly string[];
}

const treated = new WeakMap<FrameFacts, Map<string, TreatedSource>>();

/**
 * The source as `choice` says, 'auto' unless given. The same facts and choice give the same objects. Throws not-telecined where
 * film is asked for and there is none.
 */
export function treatFields(info: VideoInfo, facts: FrameFacts, choice: FieldsChoice = 'auto'): TreatedSource {
  let known = treated.get(facts);
  if (!known) treated.set(facts, (known = new Map()));
  const key = `${choice} ${info.path}`;
  let found = known.get(key);
  if (!found) known.set(key, (found = treat(info, facts, choice)));
  return found;
}

function treat(info: VideoInfo, facts: FrameFacts, choice: FieldsChoice): TreatedSource {
  const found = facts.fields;
  const film = found.kind === 'soft-telecine' || found.sections.some((one) => sectionKind(one) === 'film');
  if (choice === 'inverse-telecine' && !film) {
    throw new AppError(
      'not-telecined',
      `${info.path} ${describeFound(found)}: there is no film in it to take back. Leave the choice to what is found (auto).`,
    );
  }
  const notes = notesOf(info, found, choice);
  if (choice === 'off') return { info, facts, notes };
  if (found.kind === 'soft-telecine' && choice !== 'deinterlace') return { ...softFilm(info, facts), notes };
  if (!isCombed(found) && choice !== 'deinterlace') return { info, facts, notes };
  return { ...withPictures(info, facts, choice === 'deinterlace' ? 'deinterlace' : 'film'), notes };
}

function withPictures(info: VideoInfo, facts: FrameFacts, how: Treatment): Pick<TreatedSource, 'info' | 'facts'> {
  const { index } = facts;
  const { video } = info;
  const timing = sourceTiming(index.times, index.end, index.stamps.timeBase, [video.nominalRate, video.averageRate]);
  const { codes, times, shift } = fieldPictures(orderedFields(info, facts), timing, how);
  const end = Math.max(timing.end - shift, times.at(-1)! + 1);
  const rate = rateOf(codes, facts.fields, timing.vfr ? undefined : timing.rate);
  const { nominalRate: _, averageRate: __, fieldOrder: ___, ...plain } = video;
  const fields = orderedFields(info, facts);
  const pictures = { order: fields.order, how, width: video.codedWidth, height: video.codedHeight, codes };
  return {
    info: {
      ...info,
      video: {
        ...plain,
        fieldOrder: 'progressive',
        frameCount: codes.length,
        ...(rate && { nominalRate: rate, averageRate: rate }),
      },
    },
    facts: {
      ...facts,
      index: { ...index, times, end, start: index.start + shift, pictures },
      ...mapped(codes, facts),
    },
  };
}

/** The fields of a clip; of one in which nothing is combed, in the order the file says. */
function orderedFields(info: VideoInfo, { fields }: FrameFacts): FoundFields {
  const flagged = flaggedFields(info);
  if (isCombed(fields)) return fields;
  return { ...fields, order: flagged === 'bottom' ? 'bottom' : 'top' };
}

/** Cuts and holds by the number of the picture rather than of the frame or the field. */
function mapped(codes: readonly number[], facts: FrameFacts): Pick<FrameFacts, 'cuts' | 'holds'> {
  const { fields } = facts;
  const own = !isCombed(fields);
  const cuts = own ? facts.cuts.map((frame) => 2 * frame) : fields.cuts;
  const holds = own ? facts.holds.map(({ first, last }) => ({ first: 2 * first, last: 2 * last + 1 })) : fields.holds;
  const starts = codes.map(firstFieldOf);
  const at = (field: number): number => {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! < field) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const pictures = new Set(cuts.map(at).filter((picture) => picture > 0 && picture < codes.length));
  return {
    cuts: [...pictures].toSorted((a, b) => a - b),
    holds: holds
      .map(({ first, last }) => ({ first: at(first), last: at(last + 1) - 1 }))
      .filter(({ first, last }) => last > first),
  };
}

/** The rate of pictures that are all of one kind; undefined where they are not, or frames come irregularly. */
function rateOf(codes: readonly number[], { sections }: FoundFields, rate: VideoInfo['video']['nominalRate']) {
  if (!rate) return undefined;
  const fields = codes.filter((code) => (code & 3) === PICTURE.first || (code & 3) === PICTURE.second).length;
  if (fields === codes.length) return multiply(rate, rational(2));
  const film = sections.filter((one) => sectionKind(one) === 'film');
  const patterns = new Set(film.map(({ pattern }) => pattern));
  if (film.length < sections.length || patterns.size !== 1) return undefined;
  const [pattern] = patterns;
  const lasts = fieldsPerFrame(pattern!);
  // Thousandths are exact: every pattern's mean is a sum of whole fields over at most twelve frames.
  return divide(multiply(rate, rational(2 * 60)), rational(Math.round(lasts * 60)));
}

function notesOf(info: VideoInfo, found: FoundFields, choice: FieldsChoice): string[] {
  const flagged = flaggedFields(info);
  const says = describeFound(found);
  const combed = isCombed(found);
  if (choice === 'off') {
    return combed ? [`This clip ${says}. Its fields are left as they are, as asked, so what moves is combed.`] : [];
  }
  if (choice === 'deinterlace' && !combed) {
    return [`This clip ${says}: nothing in it is combed. It is deinterlaced, as asked, which costs detail.`];
  }
  if (found.kind === 'progressive') {
    if (flagged === undefined || flagged === 'progressive') return [];
    return ['This clip is flagged interlaced, but nothing in it is combed: its frames are used as they are.'];
  }
  if (found.kind === 'soft-telecine') return [`This clip ${says}: its frames are spaced evenly.`];
  const but =
    flagged === 'progressive'
      ? ', although its file says progressive'
      : (flagged === 'top' || flagged === 'bottom') && flagged !== found.order
        ? `, although its file says ${flagged} field first`
        : '';
  return [`This clip ${says}${but}: ${treatmentWords(found, choice)}.`];
}

function treatmentWords({ sections }: FoundFields, choice: FieldsChoice): string {
  const kinds = new Set(sections.map(sectionKind));
  if (choice === 'deinterlace' && kinds.has('film')) return 'every field becomes a picture, as asked';
  const words: string[] = [];
  if (kinds.has('video')) words.push('every field becomes a picture of its own');
  if (kinds.has('film')) words.push('the frames of the film are taken back and spaced evenly');
  if (kinds.has('whole')) words.push('whole frames are used as they are');
  return words.join('; ');
}
