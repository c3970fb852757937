/**
 * What is looked for, in words.
 *
 * [Note: the query] Words between blanks; all must hold. A plain word is looked for inside labels, names of clips and tags of clips. `field:value` asks for one thing
 * (FIELDS); `a|b` is either; `"two words"` belong together; `not:` before anything is its opposite. Spans that were rejected are left out unless `is:` says
 * which are wanted. A quote that is not closed goes to the end, since people type from left to right.
 */
import { AppError } from '../../contract/errors.ts';
import { SPAN_STATES } from '../../contract/tags.ts';
import { leavesOutRejected, type Comparison, type SpanCondition, type SpanTerm } from '../library/span-search.ts';

/** Words of a query, and alternatives of a word. */
const MOST = 32;

interface Field {
  /** What its values are, and one as it is written. */
  readonly takes: string;
  readonly example: string;
  /** The condition that any of the values holds; undefined where one is not understood. */
  readonly read: (values: readonly string[]) => SpanCondition | undefined;
}

const text = (field: 'label' | 'clip' | 'tag' | 'folder' | 'engine', takes: string, example: string): Field => ({
  takes,
  example,
  read: (any) => ({ field, any }),
});

const numbers = (
  field: 'length' | 'score' | 'rate' | 'added',
  [takes, example]: readonly [string, string],
  read: (value: string) => Comparison | undefined,
): Field => ({
  takes,
  example,
  read: (values) => {
    const any = values.map(read);
    return any.every((one) => one !== undefined) ? { field, any } : undefined;
  },
});

const choice = <T extends string>(
  options: readonly T[],
  read: (any: readonly T[]) => SpanCondition,
): Pick<Field, 'takes' | 'read'> => ({
  takes: `one of ${options.join(', ')}`,
  read: (values) => {
    const any = values.map((value) => options.find((option) => option === value.toLowerCase()));
    return any.every((one) => one !== undefined) ? read(any) : undefined;
  },
});

const folder = text('folder', 'a part of the path of a folder', 'in:holiday');

const FIELDS: Readonly<Record<string, Field>> = {
  label: text('label', 'a whole label', 'label:"jumping jack"'),
  longer: numbers('length', ['a time', 'longer:1s'], (value) => atLeast(seconds(value))),
  shorter: numbers('length', ['a time', 'shorter:500ms'], (value) => below(seconds(value))),
  score: numbers('score', ['a share of 1', 'score:>0.8'], (value) => compared(value, share)),
  is: { ...choice(SPAN_STATES, (any) => ({ field: 'is', any })), example: 'is:accepted' },
  by: { ...choice(['person', 'engine'] as const, (any) => ({ field: 'by', any })), example: 'by:person' },
  engine: text('engine', 'the beginning of an engine', 'engine:movinet'),
  clip: text('clip', 'a part of the name of a clip', 'clip:beach'),
  tag: text('tag', 'a whole tag of the clip', 'tag:night'),
  in: folder,
  folder,
  rate: numbers('rate', ['frames a second', 'rate:>50'], (value) => compared(value, plain)),
  after: numbers('added', ['the day the clip was added', 'after:2026-11-01'], (value) => atLeast(day(value))),
  before: numbers('added', ['the day the clip was added', 'before:2026-11'], (value) => below(day(value))),
};

export interface ParsedQuery {
  readonly terms: SpanTerm[];
  /** The query as a sentence. */
  readonly understood: string;
}

/** Throws 'bad-query' naming the word that is not understood, and what is possible. */
export function parseQuery(query: string): ParsedQuery {
  const words = query.match(/(?:"[^"]*(?:"|$)|[^\s"])+/g) ?? [];
  if (words.length > MOST) throw new AppError('bad-query', `A search has at most ${MOST} words.`);
  const read = words.map(readWord);
  const left = leavesOutRejected(read.map(({ term }) => term)) ? '; what was rejected is left out' : '';
  const phrases = read.map(({ phrase }) => phrase).join(', ');
  return {
    terms: read.map(({ term }) => term),
    understood: `${phrases === '' ? 'All spans' : `Spans ${phrases}`}${left}.`,
  };
}

function readWord(word: string): { term: SpanTerm; phrase: string } {
  const rest = word.replace(/^(?:not:)+/i, '');
  const not = ((word.length - rest.length) / 4) % 2 === 1;
  const named = /^([a-z]+):(.*)$/is.exec(rest);
  const name = named?.[1]?.toLowerCase();
  const values = alternatives(named ? named[2]! : rest, word, name);
  const what = name === undefined ? ({ field: 'word', any: values } as const) : fieldOf(name, word).read(values);
  if (what === undefined) {
    const { takes, example } = fieldOf(name!, word);
    throw new AppError('bad-query', `'${word}' is not understood: ${name}: takes ${takes}, as in ${example}.`);
  }
  return { term: { not, what }, phrase: `${not ? 'not ' : ''}${phraseOf(what)}` };
}

function fieldOf(name: string, word: string): Field {
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field) return field;
  const possible = `${Object.keys(FIELDS).join(':, ')}: and not:`;
  throw new AppError(
    'bad-query',
    `'${word}' is not understood: there is no ${name}:. There are ${possible}; "${word}" in quotes is looked for as it is.`,
  );
}

/** What `|` divides, without its quotes. `label:a|label:b` is `label:a|b`; of two fields there is no either. */
function alternatives(value: string, word: string, name: string | undefined): string[] {
  const parts = value.match(/(?:"[^"]*(?:"|$)|[^|"])+/g) ?? [];
  const clean = parts
    .map((part, i) => {
      const [, again, rest = ''] = (i > 0 && /^([a-z]+):(.*)$/is.exec(part)) || [];
      const other = again?.toLowerCase();
      if (other === undefined || !(other === 'not' || Object.hasOwn(FIELDS, other))) return part;
      if (other === name) return rest;
      const said = `'${word}' is not understood: what | divides is looked for in one place`;
      throw new AppError('bad-query', `${said}, as in label:walk|run; "${part}" in quotes is looked for as it is.`);
    })
    .map((part) => part.replaceAll('"', '').trim().replaceAll(/\s+/g, ' '))
    .filter((part) => part !== '');
  if (clean.length > MOST)
    throw new AppError('bad-query', `'${word.slice(0, 40)}…' has more than ${MOST} alternatives.`);
  if (clean.length > 0) return clean;
  throw new AppError('bad-query', `'${word}' says nothing to look for; put it right before a value, without a blank.`);
}

const atLeast = (value: number | undefined): Comparison | undefined =>
  value === undefined ? undefined : { is: '>=', value };
const below = (value: number | undefined): Comparison | undefined =>
  value === undefined ? undefined : { is: '<', value };

function plain(value: string): number | undefined {
  return /^(?:\d{1,9}(?:\.\d*)?|\.\d+)$/.test(value) ? Number(value) : undefined;
}

function share(value: string): number | undefined {
  const number = value.endsWith('%') ? plain(value.slice(0, -1)) : plain(value);
  if (number === undefined) return undefined;
  const part = value.endsWith('%') ? number / 100 : number;
  return part <= 1 ? part : undefined;
}

function compared(value: string, read: (value: string) => number | undefined): Comparison | undefined {
  const [, is = '=', rest = ''] = /^(>=|<=|>|<|=)?(.*)$/s.exec(value)!;
  const number = read(rest.trim());
  return number === undefined ? undefined : { is: is as Comparison['is'], value: number };
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, sec: 1, m: 60, min: 60, h: 3600 };

/** 1s, 500ms, 1.5, 2min, 1:30. */
function seconds(value: string): number | undefined {
  const clock = /^(\d{1,6}):([0-5]?\d(?:\.\d+)?)$/.exec(value);
  if (clock) return Number(clock[1]) * 60 + Number(clock[2]);
  const [, amount = '', unit = 's'] = /^([\d.]+)\s*([a-z]+)?$/i.exec(value) ?? [];
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined;
  const number = plain(amount);
  return number === undefined || factor === undefined ? undefined : number * factor;
}

/** The beginning of 2026-11-01, 2026-11 or 2026 where people are, milliseconds since 1970. */
function day(value: string): number | undefined {
  const [found, year = '', month = '1', date = '1'] = /^(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?$/.exec(value) ?? [];
  const when = new Date(Number(year), Number(month) - 1, Number(date));
  const real = when.getMonth() === Number(month) - 1 && when.getDate() === Number(date);
  return found !== undefined && real ? when.getTime() : undefined;
}

const WORDS = { '>': 'more than ', '>=': 'at least ', '<': 'less than ', '<=': 'at most ', '=': '' } as const;

function phraseOf(what: SpanCondition): string {
  const either = (values: readonly string[]): string => values.join(' or ');
  const quoted = (values: readonly string[]): string => either(values.map((value) => `'${value}'`));
  const amounts = (any: readonly Comparison[], show: (value: number) => string): string =>
    either(any.map(({ is, value }) => WORDS[is] + show(value)));
  switch (what.field) {
    case 'word':
      return `about ${quoted(what.any)}`;
    case 'label':
      return `labelled ${quoted(what.any)}`;
    case 'tag':
      return `in clips tagged ${quoted(what.any)}`;
    case 'clip':
      return `in clips named ${quoted(what.any)}`;
    case 'folder':
      return `in folders named ${quoted(what.any)}`;
    case 'engine':
      return `found by ${quoted(what.any)}`;
    case 'by':
      return either(what.any.map((who) => (who === 'person' ? 'marked by a person' : 'found by an engine')));
    case 'is':
      return `that are ${either(what.any)}`;
    case 'length':
      return either(what.any.map(lengthPhrase));
    case 'score':
      return `with a score of ${amounts(what.any, (value) => String(Number(value.toFixed(4))))}`;
    case 'rate':
      return `in clips of ${amounts(what.any, String)} frames a second`;
    case 'added':
      return `in clips added ${either(what.any.map(({ is, value }) => `${is === '<' ? 'before' : 'since'} ${localDay(value)}`))}`;
  }
}

function lengthPhrase({ is, value }: Comparison): string {
  const long = `${Number(value.toFixed(3))} s`;
  return is === '<' ? `shorter than ${long}` : `at least ${long} long`;
}

function localDay(value: number): string {
  const when = new Date(value);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
}
