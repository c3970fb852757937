/** Examples of a label out of the library. */
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { AppError } from '../../contract/errors.ts';
import type { Library } from '../library/db.ts';
import { clipTags } from '../library/span-rows.ts';
import { findRun, readEmbeddings, type TagRunRow } from '../library/tag-runs.ts';
import { embeddedRuns, judgedClips, saidSpans, type EmbeddedRun } from '../library/taught-rows.ts';
import type { Example } from './example.ts';
import { ExampleSheaf, stretchesOf, type Footage } from './examples-of.ts';

/** With fewer negative examples in the clips that were looked at, other clips of the library give what lies between. */
const FEW = 20;
const OTHER_CLIPS = 20;

export interface Gathered {
  readonly examples: readonly Example[];
  /** Of the engine whose embeddings they are. */
  readonly version: string;
  readonly said: string;
}

/** What there is of a label: how many positive examples, and a hash of all that people said of it. */
export interface Said {
  readonly positive: number;
  readonly hash: string;
}

/**
 * All examples of `label` with embeddings of `engine` ([Note: examples]). Throws 'teach-too-few' where there is no positive or no negative one, saying what to do;
 * the signal's reason.
 */
export async function gatherExamples(
  db: Library,
  label: string,
  engine: string,
  signal?: AbortSignal,
): Promise<Gathered> {
  const runs = embeddedRuns(db, engine);
  const judged = judgedClips(db);
  const sheaf = new ExampleSheaf(label);
  const add = async ({ id }: EmbeddedRun): Promise<void> => {
    await breathe();
    signal?.throwIfAborted();
    // Tagged anew meanwhile, or removed: there are others.
    const run = findRun(db, id);
    if (run) sheaf.add(footageOf(db, run));
  };
  for (const run of runs) if (judged.has(run.clip)) await add(run);
  if (sheaf.positive === 0) throw tooFew(db, label, engine, runs);
  const others = runs.filter((run) => !judged.has(run.clip));
  for (const run of others.slice(-OTHER_CLIPS)) if (sheaf.negative < FEW) await add(run);
  if (sheaf.negative === 0) {
    throw new AppError(
      'teach-too-few',
      `There is nothing that is not '${label}': tag a clip in which it does not happen, or mark something else.`,
    );
  }
  return { examples: sheaf.examples(), version: runs[0]!.version, said: saidOf(db, label, engine).hash };
}

/** What people said of `label` in clips that have embeddings of `engine`. Reads no embedding. */
export function saidOf(db: Library, label: string, engine: string): Said {
  const hash = createHash('sha256');
  let positive = 0;
  for (const [clip, spans] of Map.groupBy(saidSpans(db, label, engine), (span) => span.clip)) {
    positive += stretchesOf(spans, label).length;
    hash.update(JSON.stringify([clip, ...spans.map(({ start, end, state }) => [start, end, state])]));
  }
  return { positive, hash: hash.digest('hex') };
}

function footageOf(db: Library, run: TagRunRow): Footage {
  const { at, values } = readEmbeddings(db, run);
  return { spans: clipTags(db, run.clip).spans, times: at.map((index) => index / run.rate), values };
}

function tooFew(db: Library, label: string, engine: string, runs: readonly EmbeddedRun[]): AppError {
  const marked = [...judgedClips(db)].some((clip) => stretchesOf(clipTags(db, clip).spans, label).length > 0);
  if (marked && runs.length === 0)
    return new AppError('teach-too-few', `${engine} has looked at none of the clips; tag them first.`);
  if (marked)
    return new AppError(
      'teach-too-few',
      `${engine} has not looked at the clips where '${label}' is marked; tag them first.`,
    );
  return new AppError('teach-too-few', `Nobody has marked or accepted '${label}' yet; one example is enough to begin.`);
}
