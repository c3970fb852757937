/**
 * The process that hostile media are given to: each goes the product's own ways, and how that ended is answered. Driven by watched.ts; what it takes
 * in time and memory is measured from outside.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError, toAppError } from '../../../app/contract/errors.ts';
import type { RetimeSpec } from '../../../app/contract/jobs.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { soundPeaks } from '../../../app/core/clips/peaks.ts';
import { decodePictures } from '../../../app/core/clips/pictures.ts';
import { openChunkStore } from '../../../app/core/jobs/chunk-files.ts';
import { prepareJob } from '../../../app/core/jobs/spec.ts';
import type { TaskContext } from '../../../app/core/jobs/task.ts';
import { planRetime, refuseEarly } from '../../../app/core/jobs/tasks/retime-plan.ts';
import { retime } from '../../../app/core/jobs/tasks/retime.ts';
import { sourceFacts } from '../../../app/core/jobs/tasks/source-facts.ts';
import { analysisCache } from '../../../app/core/library/analysis-cache.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { identify } from '../../../app/core/library/file-identity.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { readStill } from '../../../app/core/media/stills.ts';
import type { Case, Outcome } from './watched.ts';

/** Larger films and longer plans are planned, not made. */
const MOST_FRAMES = 120;
const MOST_PIXELS = 512 * 512;

const folder = process.argv[2]!;
const home = await openHome({ library: join(folder, 'home') });
const db = openLibrary({ database: home.database });
const { signal } = new AbortController();
let stage = 'starting';

async function film(path: string, ways: Case['ways']): Promise<string> {
  stage = 'probe';
  const info = await probe(path, { signal });
  if (ways === 'library') {
    stage = 'thumbnails';
    await decodePictures(info, signal);
    stage = 'peaks';
    if (info.audio.length > 0) await soundPeaks(info, signal);
    return 'in the library';
  }
  const output = join(folder, 'out.mkv');
  const { spec } = prepareJob(specOf(path, output));
  if (spec.kind !== 'retime') throw new Error('not a retime');
  stage = 'early';
  await refuseEarly(spec, info);
  stage = 'analysis';
  const [source, analyses] = [await identify(path), analysisCache(db)];
  const facts = await sourceFacts(info, source, { analyses, signal });
  stage = 'plan';
  const plan = await planRetime(spec, info, facts);
  const { width, height } = info.video;
  if (ways === 'plan' || plan.frames.count > MOST_FRAMES || width * height > MOST_PIXELS) return 'planned';
  stage = 'render';
  const scratch = join(home.scratch, 'fuzz');
  await mkdir(scratch, { recursive: true });
  const context: TaskContext = {
    ...{ id: 'fuzz', db, signal, scratch, analyses, threads: 1, sources: [source] },
    relief: { shrink: 1, cpu: false },
    emit: () => {},
    chunks: await openChunkStore({ root: home.chunks, db, job: 'fuzz' }),
    part: join(folder, 'part.mkv'),
    partFor: (to) => join(folder, `part-${basename(to)}`),
    publish: async (files) => {
      for (const { from, to } of files) await rename(from, to);
    },
  };
  try {
    await retime(spec, context);
  } finally {
    await Promise.all(
      [scratch, output, context.part, home.chunks].map((each) => rm(each, { recursive: true, force: true })),
    );
  }
  return 'slowed';
}

function specOf(input: string, output: string): RetimeSpec {
  return {
    ...{ kind: 'retime', input, output, engine: 'hold', factor: 1, speed: { num: 1, den: 2 } },
    ...{ cuts: 'auto', holds: 'off', maxHold: 6, shutter: 0, codec: 'ffv1', audio: 'keep-pitch', force: true },
  };
}

async function attempt({ path, kind, ways }: Case): Promise<Outcome> {
  try {
    if (kind === 'film') return { end: 'done', stage: await film(path, ways) };
    stage = 'still';
    const { frame } = await readStill(path, { signal });
    return { end: 'done', stage: `read, ${frame.planes.length} planes` };
  } catch (thrown) {
    const error = toAppError(thrown);
    const bare = thrown instanceof AppError && error.code !== 'internal' ? undefined : ((thrown as Error)?.stack ?? '');
    return { end: error.code, stage, message: error.message, ...(bare !== undefined && { stack: bare }) };
  }
}

process.on('message', (message: Case) => {
  void attempt(message).then((outcome) => process.send!(outcome));
});
process.on('disconnect', () => process.exit(0));
process.send!({ end: 'ready', stage } satisfies Outcome);
