/** The morph task: look at the stills, plan, make the pieces that are missing, one output of them, verified and put in place. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RetimeResult } from '../../../contract/jobs.ts';
import type { MorphSpec } from '../../../contract/morph.ts';
import { watchSpace } from '../../media/disk-space.ts';
import { hashPictures } from '../../media/picture-hash.ts';
import { makeMorph } from '../../morph/make.ts';
import { readyMorph, type MorphFilm } from '../../morph/plan.ts';
import { allNotes, enginesOf } from '../../morph/run.ts';
import { format } from '../../time/rational.ts';
import { sourceAt, type Task, type TaskContext } from '../task.ts';
import { reporter, type Report } from './report.ts';
import { treatedSource } from './source-facts.ts';

export const morph: Task<MorphSpec> = async (spec, context) => {
  const started = performance.now();
  const { signal, sources, chunks, scratch, part, threads } = context;
  const report = weighted(spec, context);
  report('probing', 0, 1, 'seconds');
  const film = await readyMorph(spec, {
    signal,
    existing: 'any',
    onKeyframe: (done, total) => report('probing', done, total),
    source: async (info, fields) => {
      const onProgress = (done: number, total: number) => report('analysing', done, total);
      return await treatedSource(info, sourceAt(sources, info.path), context, { onProgress, fields });
    },
  });
  const notes = allNotes(film);
  for (const message of notes) context.emit({ type: 'note', message });
  const made = await makeMorph(film, {
    ...{ store: chunks, to: part, scratch, threads, signal },
    content: (path) => sourceAt(sources, path).fingerprint,
    onFrames: ({ done, device }) => report('rendering', done, film.frames, 'frames', device),
    onStage: (stage, fraction) => report(stage, fraction * film.frames, film.frames),
    checkRoom: watchSpace([scratch, dirname(spec.output)]),
  });
  const folder = dirname(spec.output);
  const images = film.output.kind === 'film' && film.output.plan.container.images;
  const pictures = film.output.grid ? 1 : film.frames;
  const pictureHash = await hashPictures({
    ...{ path: part, frames: pictures, decoder: film.output.plan.decoder, signal },
    ...(images && { images: spec.output }),
    onProgress: (done) => report('verifying', done, pictures),
  });
  await context.publish(
    images
      ? (await readdir(part)).map((name) => ({ from: join(part, name), to: join(folder, name) }))
      : [{ from: part, to: spec.output }],
  );
  return {
    ...{ output: spec.output, engine: enginesOf(film), device: made.device, frames: film.frames },
    ...{ synthesised: film.made, passedThrough: film.keyframes.count, held: 0, cuts: [], fps: format(spec.fps) },
    durationIn: await secondsBetween(film),
    durationOut: made.duration,
    audio: 'none',
    avDriftMs: 0,
    seconds: (performance.now() - started) / 1000,
    verified: true,
    pictureHash,
    engineMs: made.engineMs,
    reusedFrames: made.reused,
    notes,
    ...(made.confidence !== undefined && { confidence: made.confidence }),
  } satisfies RetimeResult;
};

/** As `reporter`; looking at many stills takes its share of the time, about half of what a made frame takes. */
function weighted(spec: MorphSpec, context: TaskContext): Report {
  const report = reporter(context);
  const stills = spec.keyframes.length;
  const looking = (0.9 * stills) / (stills + 2 * spec.gaps.reduce((sum, { frames }) => sum + frames, 0));
  return (stage, done, total, unit = 'frames', device) => {
    if (stage !== 'probing' && stage !== 'rendering') return report(stage, done, total, unit, device);
    const [start, end] = stage === 'probing' ? [0, looking] : [looking, 0.92];
    const fraction = start + ((end - start) * Math.min(done, total)) / total;
    context.emit({ type: 'progress', stage, fraction, done, total, unit, ...(device !== undefined && { device }) });
  };
}

/** Seconds of footage between its keyframes; 0 of stills. */
async function secondsBetween({ keyframes }: MorphFilm): Promise<number> {
  let seconds = 0;
  for (let i = 1; i < keyframes.count; i++) {
    const [from, to] = [keyframes.at(i - 1), keyframes.at(i)];
    if (from.at === null || to.at === null || from.path !== to.path) continue;
    const [a, b] = [(await keyframes.facts(i - 1)).at, (await keyframes.facts(i)).at];
    seconds += Math.abs((b?.seconds ?? 0) - (a?.seconds ?? 0));
  }
  return seconds;
}
