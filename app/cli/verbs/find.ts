/** `find`: spans of the whole library, searched in words. */
import { AppError } from '../../contract/errors.ts';
import { SPAN_ORDERS, type SpanHit, type SpanPage } from '../../contract/tags.ts';
import { openApp } from '../../core/app.ts';
import { clock, csvField } from '../../core/tags/write.ts';
import { parseWords, SLOWMO_FLAGS } from '../slowmo-options.ts';
import { makeSpanFilms, SPAN_FILM_FLAGS } from '../span-films.ts';
import type { Verb } from '../verb.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

export const find: Verb = {
  name: 'find',
  summary: 'Find what happens where, in all clips that were tagged',
  usage: `find QUERY... [--order clip|score|unsure|longest|newest] [--limit N] [--json|--csv]

  inbetween find jump longer:1s rate:'>50' not:night
  inbetween find 'label:"jumping jack"|squat' is:accepted --csv > jumps.csv

Words are looked for in labels, names of clips and their tags; all must be there. Besides there are label:, longer:, shorter:, score:, is:found|accepted|
rejected|marked, by:person|engine, engine:, clip:, tag:, in: (a folder), rate:, after:, before: (when the clip was added), a|b for either, "two words", and not:
before any of them. What was rejected is left out unless is: asks for it. docs/tags.md has examples.

  --order   by clip and time unless given; unsure: nearest to a score of 0.5 first
  --csv     a table: clip, path, label, start, end (seconds), score, state, engine

  inbetween find QUERY... --export clips|slow -o FOLDER [--lead S] [options of slowmo]

cuts each out of its clip as a file of its own, with --lead seconds on both sides; slow slows them, as slowmo --where does.`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ ...SLOWMO_FLAGS, ...SPAN_FILM_FLAGS, order: text, limit: text, csv: flag, export: text },
        output: { type: 'string', short: 'o' },
      },
    });
    const { order: wanted, limit, csv, export: what, output, ...films } = values;
    if (what !== undefined || output !== undefined) {
      const kind = what === 'clips' || what === 'slow' ? what : undefined;
      if (kind === undefined || output === undefined || wanted !== undefined || limit !== undefined || csv)
        throw new AppError(
          'usage',
          'Films of all that is found are written by: find QUERY --export clips|slow -o FOLDER.',
        );
      await using app = await openApp();
      return await makeSpanFilms(app, { what: kind, query: queryOf(positionals), folder: output, options: films }, io);
    }
    const [stray] = Object.keys(films);
    if (stray !== undefined)
      throw new AppError('usage', `--${stray} is for films: find QUERY --export slow -o FOLDER.`);
    const order = SPAN_ORDERS.find((one) => one === (wanted ?? 'clip'));
    if (!order) throw new AppError('usage', `--order is one of ${SPAN_ORDERS.join(', ')}.`);
    if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit))
      throw new AppError('usage', '--limit takes a number from 1.');
    if (io.json && csv) throw new AppError('usage', '--json and --csv: which?');
    await using app = await openApp();
    for (const notice of app.notices) io.err(notice);
    const page = app.findSpans(
      { text: queryOf(positionals), order },
      0,
      limit === undefined ? Infinity : Number(limit),
    );
    if (io.json) {
      const { total, clips, understood, hits } = page;
      io.out(JSON.stringify({ total, clips, understood, spans: hits }));
      return 0;
    }
    for (const line of csv ? table(page.hits) : list(page.hits)) io.out(line);
    io.err(told(page));
    return 0;
  },
};

/**
 * A shell takes the quotes of label:"jumping jack" away: of several words, one with a blank in it is put into quotes again. A single one is a query as it is.
 */
function queryOf(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  const whole = (word: string): string =>
    word.replace(/^((?:[a-z]+:)*)(.*)$/is, (_, fields: string, value: string) => {
      return fields + value.replaceAll(/((?:[a-z]+:)?)([^|]+)/gi, '$1"$2"');
    });
  return words.map((word) => (/\s/.test(word) && !word.includes('"') ? whole(word) : word)).join(' ');
}

function told({ total, clips, hits, understood }: SpanPage): string {
  const many = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
  const some = hits.length < total ? `; the first ${hits.length} are shown` : '';
  return `${understood} ${total === 0 ? 'There are none' : `${many(total, 'span')} in ${many(clips, 'clip')}${some}`}.`;
}

function list(hits: readonly SpanHit[]): string[] {
  const rows = hits.map(({ clipName, label, start, end, score, state }) => [
    ...[clipName, label, `${clock(start, '.')} - ${clock(end, '.')}`, score === null ? '' : score.toFixed(2), state],
  ]);
  const widths = [0, 1, 2, 3].map((column) => rows.reduce((most, row) => Math.max(most, row[column]!.length), 0));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
}

function table(hits: readonly SpanHit[]): string[] {
  const rows = hits.map(({ clipName, clipPath, label, start, end, score, state, engine }) => [
    ...[clipName, clipPath, label, start.toFixed(3), end.toFixed(3), score?.toFixed(3) ?? '', state, engine ?? ''],
  ]);
  const names = ['clip', 'path', 'label', 'start', 'end', 'score', 'state', 'engine'];
  return [names, ...rows].map((row) => row.map(csvField).join(','));
}
