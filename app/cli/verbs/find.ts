/** `find`: spans of the whole library, searched in words. */
import { AppError } from '../../contract/errors.ts';
import { SPAN_ORDERS, type SpanHit, type SpanPage } from '../../contract/tags.ts';
import { openApp } from '../../core/app.ts';
import { clock, csvField } from '../../core/tags/write.ts';
import { parseWords } from '../slowmo-options.ts';
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
  --csv     a table: clip, path, label, start, end (seconds), score, state, engine`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      allowPositionals: true,
      options: { order: text, limit: text, csv: flag },
    });
    const order = SPAN_ORDERS.find((one) => one === (values.order ?? 'clip'));
    if (!order) throw new AppError('usage', `--order is one of ${SPAN_ORDERS.join(', ')}.`);
    const { limit } = values;
    if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit))
      throw new AppError('usage', '--limit takes a number from 1.');
    if (io.json && values.csv) throw new AppError('usage', '--json and --csv: which?');
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
    for (const line of values.csv ? table(page.hits) : list(page.hits)) io.out(line);
    io.err(told(page));
    return 0;
  },
};

/**
 * A shell takes the quotes of label:"jumping jack" away: of several words, one with a blank in it is put into quotes again. A single one is a query as it is.
 */
function queryOf(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  const whole = (word: string): string => word.replace(/^((?:[a-z]+:)*)(.*)$/is, '$1"$2"');
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
