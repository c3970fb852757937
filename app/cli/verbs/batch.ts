/** `batch`: a folder of clips, overnight. One failure never stops the rest. */
import { availableParallelism } from 'node:os';
import { basename, relative, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { openApp, type App } from '../../core/app.ts';
import { findClips, type BatchClip } from '../../core/queue/batch-files.ts';
import { runRetime, type RetimeOutcome } from '../retime-items.ts';
import {
  parseWords,
  readRecipe,
  retimeSpec,
  SLOWMO_FLAGS,
  SLOWMO_USAGE,
  type SlowmoOptions,
} from '../slowmo-options.ts';
import type { Verb, VerbIo } from '../verb.ts';
import { tellNotices } from './slowmo.ts';

type Outcome = BatchClip & RetimeOutcome;

async function runItem(app: App, item: BatchClip, options: SlowmoOptions, io: VerbIo): Promise<Outcome> {
  const plan = (): ReturnType<typeof retimeSpec> => retimeSpec(item.input, item.output, options);
  return { ...item, ...(await runRetime(app, plan, { label: `${basename(item.input)}: `, adopt: true, io })) };
}

/** Runs `work` over all items, `width` at a time, in order of starting. The first throw stops new starts. */
async function eachOf<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}

function laneCount(jobs: string | undefined): number {
  if (jobs === undefined) return 1;
  const count = Number(jobs);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new AppError(
    'usage',
    `--jobs is a whole number from 1 to 64, not '${jobs}'. This machine has ${availableParallelism()} cores.`,
  );
}

export const batch: Verb = {
  name: 'batch',
  summary: 'Do the same to every clip of a folder, mirroring its tree',
  usage:
    `batch FOLDER -o FOLDER [--recipe FILE] [--jobs N] [slowmo options]\n\n` +
    `  --recipe FILE  a JSON object with the options below by name; options on the command line win\n` +
    `  --jobs N       clips at the same time (1)\n${SLOWMO_USAGE}`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: {
        ...SLOWMO_FLAGS,
        output: { type: 'string', short: 'o' },
        recipe: { type: 'string' },
        jobs: { type: 'string' },
      },
      allowPositionals: true,
    });
    const { output, recipe, jobs, ...flags } = values;
    if (positionals.length !== 1 || output === undefined) {
      throw new AppError('usage', 'batch takes one folder and where to put the results: batch FOLDER -o FOLDER.');
    }
    const lanes = laneCount(jobs);
    const options = { ...(recipe === undefined ? {} : await readRecipe(recipe)), ...flags };
    const [folder, out] = [resolve(positionals[0]!), resolve(output)];
    const { items, others } = await findClips(folder, out);
    // A wrong option is said once, before any work.
    await retimeSpec(folder, out, options);
    await using app = await openApp({ lanes });
    tellNotices(app, io);
    const outcomes = await eachOf(items, lanes, async (item, i) => {
      if (!io.json) io.err(`[${i + 1}/${items.length}] ${relative(folder, item.input)}`);
      return runItem(app, item, options, io);
    });
    const failures = outcomes.filter((outcome) => outcome.state === 'failed');
    const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
    if (io.json) {
      io.out(
        JSON.stringify({
          done: count('done'),
          kept: count('kept'),
          failed: failures.length,
          ignored: others,
          items: outcomes,
        }),
      );
    } else {
      io.out(
        `${count('done')} done, ${count('kept')} already valid, ${failures.length} failed, ${others} other files left alone.`,
      );
      for (const { input, error } of failures)
        io.out(`  ${relative(folder, input)}: ${error?.code}: ${error?.message}`);
    }
    return failures.length > 0 ? 4 : 0;
  },
};
