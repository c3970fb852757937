/** `teach`: labels of one's own, from spans that were accepted or marked. */
import { resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { TEACH_METHODS, type TaughtLabel, type TeachMethod } from '../../contract/tags.ts';
import { openHome } from '../../core/base/home.ts';
import { listTaggers } from '../../core/engines/registry.ts';
import { openLibrary, type Library } from '../../core/library/db.ts';
import { knownSpelling } from '../../core/library/span-history.ts';
import { lastEmbeddingEngine, taughtByLabel } from '../../core/library/taught-rows.ts';
import {
  exportTaught,
  importTaught,
  listTaught,
  makeTaught,
  removeTaught,
  taughtFacts,
} from '../../core/teach/taught.ts';
import { parseWords } from '../slowmo-options.ts';
import type { Verb, VerbIo } from '../verb.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

export const teach: Verb = {
  name: 'teach',
  summary: 'Teach a label of your own from spans that were accepted or marked, and find it',
  usage: `teach LABEL [--engine ID] [--method mean|logistic] [--json]
teach --list | teach LABEL --remove | teach LABEL --export FILE.json [--force] | teach --import FILE.json

Makes LABEL from the spans of it that were accepted or marked in clips that were tagged, against everything else there, and finds it in
every clip that was tagged, those tagged later too. One example is enough to begin; accept and reject what is found and teach again.

  --engine   the recogniser whose embeddings are read; the one that tagged last unless given
  --method   mean: the nearest mean of the examples, good with few; logistic: better with many (mean)
  --list     what was taught, with how well each is told by examples that were left out
  --export   writes it as a small file for another library; --import takes one`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: {
        ...{ engine: text, method: { ...text, default: 'mean' }, export: text, import: text },
        ...{ list: flag, remove: flag, force: flag },
      },
      allowPositionals: true,
    });
    const asked = (['list', 'remove', 'export', 'import'] as const).filter((name) => values[name] !== undefined);
    if (asked.length > 1) throw new AppError('usage', `--${asked.join(' and --')} do not go together.`);
    const [what] = asked;
    const label = positionals.join(' ').trim();
    const alone = what === 'list' || what === 'import';
    if (alone === (label !== '') || positionals.length > 1)
      throw new AppError('usage', alone ? `teach --${what} takes no label.` : 'teach takes one label: teach "LABEL".');
    using db = openLibrary(await openHome());
    for (const notice of db.notices) io.err(notice);
    if (what === 'list') return tellAll(listTaught(db), io);
    if (what === 'import') {
      const row = await importTaught(db, resolve(values.import!), await listTaggers(), io.signal);
      return tell(taughtFacts(db, row), io);
    }
    if (what === 'remove') {
      removeTaught(db, taughtByLabel(db, label).id);
      io.out(io.json ? JSON.stringify({ removed: label }) : `'${label}' is forgotten; what people said of it stays.`);
      return 0;
    }
    if (what === 'export') {
      const path = resolve(values.export!);
      await exportTaught(db, taughtByLabel(db, label).id, path, values.force ?? false);
      io.out(io.json ? JSON.stringify({ path }) : path);
      return 0;
    }
    const made = await makeTaught(
      db,
      {
        label: knownSpelling(db, label),
        engine: values.engine ?? lastEngine(db),
        method: methodOf(values.method),
      },
      io.signal,
    );
    return tell(taughtFacts(db, made), io);
  },
};

function methodOf(word: string): TeachMethod {
  const method = TEACH_METHODS.find((one) => one === word);
  if (method) return method;
  throw new AppError('usage', `--method is ${TEACH_METHODS.join(' or ')}.`);
}

function lastEngine(db: Library): string {
  const engine = lastEmbeddingEngine(db);
  if (engine !== undefined) return engine;
  throw new AppError('teach-too-few', 'No clip was tagged yet: inbetween tag CLIP.');
}

function tell(taught: TaughtLabel, io: VerbIo): number {
  io.out(io.json ? JSON.stringify(taught) : words(taught));
  return 0;
}

function tellAll(all: readonly TaughtLabel[], io: VerbIo): number {
  if (io.json) io.out(JSON.stringify({ taught: all }));
  else io.out(all.length === 0 ? 'Nothing was taught yet.' : all.map(words).join('\n'));
  return 0;
}

function words({
  label,
  engine,
  method,
  positive,
  negative,
  available,
  stale,
  accuracy,
  seconds,
}: TaughtLabel): string {
  const told =
    accuracy === null
      ? 'with so few examples nothing can be left out to say how well it is told'
      : `${(accuracy * 100).toFixed(1)} % told rightly by leaving examples out (guessing: 50 %)`;
  const by = `${method}, ${engine}, ${positive} ${positive === 1 ? 'example' : 'examples'} against ${negative}`;
  const more = stale ? `; not up to date (${available} examples by now): teach it again` : '';
  return `${label}  ${told}  (${by}, made in ${seconds.toFixed(1)} s${more})`;
}
