/**
 * Lists of what to cut windows from, as the KTH data set has one (00sequences.txt): a line a video, its name and the frames that show the action, counted
 * from 1:
 *   person01_boxing_d1   frames   1-95, 96-185, 186-245, 246-360
 * A line without ranges means the whole video. What follows '#' is a remark; lines of prose, such as that file begins with, name no ranges and are
 * passed over when they are not one word.
 */
import { AppError } from '../../contract/errors.ts';

export interface ListedVideo {
  readonly name: string;
  /** First and last frame, counted from 0, the last one included; none is all. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

const LINE = /^(\S+)(?:\s+frames)?\s+(\d+\s*-\s*\d+(?:\s*,\s*\d+\s*-\s*\d+)*)\s*,?$/;
/** A video's name alone: with an ending or an underscore, so that a word of prose is none. */
const NAME = /^\S*[._/]\S*$/;
/** '*missing*' stands in the ranges' place for the one sequence that KTH lacks. */
const MISSING = /\*missing\*/i;

/** Throws 'bad-protocol' naming the line when a range goes backwards, and when nothing is listed. */
export function parseWindowList(text: string): ListedVideo[] {
  const videos: ListedVideo[] = [];
  for (const [n, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/#.*$/, '').trim();
    if (line === '' || MISSING.test(line)) continue;
    const [, name, ranges] = LINE.exec(line) ?? [];
    if (name !== undefined && ranges !== undefined) videos.push({ name, ranges: rangesOf(ranges, n + 1) });
    else if (NAME.test(line)) videos.push({ name: line, ranges: [] });
  }
  if (videos.length === 0)
    throw new AppError('bad-protocol', 'The list names no videos: a line is a name, and frames such as 1-95, 96-185.');
  return videos;
}

function rangesOf(text: string, line: number): [number, number][] {
  return text.split(',').map((part) => {
    const [first, last] = part.split('-').map(Number) as [number, number];
    if (first >= 1 && last >= first) return [first - 1, last - 1];
    throw new AppError('bad-protocol', `Line ${line} of the list has the frames '${part.trim()}', which go backwards.`);
  });
}

/**
 * The video that a name of a list means, among `names` (paths with '/'): that path, or that file name with or without its ending, or followed by '_uncomp' as KTH's
 * files are.
 */
export function listedAmong(name: string, names: readonly string[]): string | undefined {
  const stem = (path: string): string => path.replace(/^.*\//, '').replace(/\.[^.]*$/, '');
  return (
    names.find((path) => path === name) ??
    names.find((path) => path.endsWith(`/${name}`)) ??
    names.find((path) => stem(path) === name || stem(path) === `${name}_uncomp`)
  );
}
