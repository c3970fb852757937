/** `shots`: the cuts and holds of a clip, or how well they are found. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '../../contract/errors.ts';
import type { ShotCadence } from '../../contract/library.ts';
import { TICKS } from '../../contract/time.ts';
import { cadences } from '../../core/media/cadence.ts';
import { describeFound } from '../../core/media/fields/found.ts';
import { detectShots, scoreCuts, scoreHolds } from '../../core/media/shot-score.ts';
import { clipsOf, whole } from '../clip-folder.ts';
import { align } from '../../core/score/report.ts';
import { scoreCadence, type CadenceScore } from '../../core/score/cadence.ts';
import type { Verb, VerbIo } from '../verb.ts';

const HALVES = ['odd', 'even', 'all'] as const;

export const shots: Verb = {
  name: 'shots',
  summary: 'List the cuts of a clip, how each shot is drawn and what repeats, or score how well that is found',
  usage: `shots IN [--json]
shots --score FOLDER [--half odd|even|all] [--reels N] [--shots N] [--seed N] [--no-holds] [--json]
shots --cadence FOLDER [--half odd|even|all] [--clips N] [--engine glide] [--json]

--score cuts the clips of FOLDER together at random, with flashes, dissolves, fades, pans, shake, noise and darkness between, and
counts how many cuts are found at their very frame; then it repeats frames (on twos, threes, every fifth, a freeze) and counts those.
Known cuts within the clips are read from FOLDER/index.json ([{file, cuts}]). The detectors were tuned on the even half of
clips/train (places 0, 2, 4 ... by name), so the odd half is the default.
--cadence shows moving stretches of the clips on twos, threes, fours and mixed, coded at three qualities: how often the cadence is found, and the
PSNR of every frame made anew, with repeats left, interpolated across, and with frames that ffmpeg's mpdecimate deletes.`,
  async run(args, io) {
    const { values, positionals } = parse(args);
    if (values.score !== undefined) {
      if (positionals.length > 0) throw new AppError('usage', 'shots --score takes a folder and no file.');
      await score(values.score, values, io);
      return 0;
    }
    if (values.cadence !== undefined) {
      if (positionals.length > 0) throw new AppError('usage', 'shots --cadence takes a folder and no file.');
      await scoreDrawn(values.cadence, values, io);
      return 0;
    }
    const [path, ...rest] = positionals;
    if (!path || rest.length > 0) throw new AppError('usage', 'shots takes one file, or --score and a folder.');
    const found = await detectShots(path, io.signal);
    const seconds = (frame: number): number => (found.times[frame] ?? 0) / TICKS;
    const cuts = found.cuts.map((cut) => ({ ...cut, seconds: seconds(cut.frame) }));
    const drawn = cadences(
      found.times.length,
      cuts.map(({ frame }) => frame),
      found.holds,
    );
    if (io.json) {
      const { kind, order, sections } = found.fields;
      const fields = { kind, order, sections };
      io.out(JSON.stringify({ frames: found.times.length, fields, cuts, holds: found.holds, shots: drawn }));
      return 0;
    }
    io.out(`${path}: ${found.times.length} frames, ${cuts.length + 1} shots`);
    io.out(`  fields: it ${describeFound(found.fields)}`);
    for (const { first, last, pattern, cost, costWhole } of found.fields.sections.length > 1
      ? found.fields.sections
      : []) {
      io.out(
        `  part  frames ${first} to ${last}  ${pattern}, unexplained ${cost.toFixed(2)} (as whole frames ${costWhole.toFixed(2)})`,
      );
    }
    for (const cut of cuts) {
      io.out(`  cut   frame ${cut.frame}  ${cut.seconds.toFixed(3)} s  sure to ${(100 * cut.score).toFixed(0)} %`);
    }
    for (const [i, shot] of drawn.entries()) io.out(`  shot  ${i + 1}: ${describeShot(shot)}`);
    for (const { first, last } of found.holds)
      io.out(`  hold  frames ${first} to ${last}  ${seconds(first).toFixed(3)} s`);
    return 0;
  },
};

function describeShot({ first, frames, cadence, share, regularity, repeated }: ShotCadence): string {
  const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;
  const where = `frames ${first} to ${first + frames - 1}`;
  if (cadence === 'none') return `${where}, too little moves to tell how it is drawn`;
  const how = cadence === 'mixed' ? 'on a mixed cadence' : `on ${cadence}`;
  return `${where}, ${how} (${percent(share)} of what moves, regular to ${percent(regularity)}, ${percent(repeated)} repeats)`;
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        score: text,
        half: text,
        reels: text,
        shots: text,
        seed: text,
        'no-holds': { type: 'boolean' },
        cadence: text,
        clips: text,
        engine: text,
      },
    });
  } catch (cause) {
    throw new AppError('usage', `${cause instanceof Error ? cause.message : String(cause)} (shots --help)`, { cause });
  }
}

/** The clips of the half that was asked for. */
async function halfOf(folder: string, asked: string | undefined) {
  const half = HALVES.find((name) => name === (asked ?? 'odd'));
  if (!half) throw new AppError('usage', `--half is one of ${HALVES.join(', ')}.`);
  const clips = (await clipsOf(folder)).filter((_, i) => half === 'all' || i % 2 === (half === 'odd' ? 1 : 0));
  if (clips.length === 0) throw new AppError('not-found', `There are no clips in ${folder} to cut together.`);
  return { half, clips };
}

async function scoreDrawn(folder: string, values: ReturnType<typeof parse>['values'], io: VerbIo): Promise<void> {
  const { half, clips } = await halfOf(folder, values.half);
  const count = Math.min(clips.length, whole('clips', values.clips, clips.length));
  const some = Array.from({ length: count }, (_, i) => clips[Math.floor(((i + 0.5) * clips.length) / count)]!);
  const scratch = await mkdtemp(join(tmpdir(), 'inbetween-cadence-'));
  try {
    const onProgress = (done: number, total: number): void =>
      io.err(io.json ? JSON.stringify({ type: 'progress', done, total }) : `clips: ${done} of ${total}`);
    const options = { clips: some, engine: values.engine ?? 'glide', scratch, signal: io.signal, onProgress };
    const found = await scoreCadence(options);
    io.out(io.json ? JSON.stringify({ half, ...found }) : cadenceTable(found));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function cadenceTable({ engine, clips, leftOut, rows }: CadenceScore): string {
  const head = ['shown on', 'CRF', 'found', 'otherwise', 'left', 'across', 'deleted'];
  const lines = rows.map(({ shown, crf, clips: of, right, wrong, ...psnr }) => [
    shown,
    String(crf),
    `${right} of ${of}`,
    Object.entries(wrong)
      .map(([name, n]) => `${n} ${name}`)
      .join(', ') || '-',
    ...[psnr.left, psnr.across, psnr.deleted].map((value) => value.toFixed(2)),
  ]);
  const note = `PSNR in dB of every frame, made by ${engine}, on ${clips} clips (${leftOut.length} left out: no 48 frames in motion).`;
  return `${align([head, ...lines])}\n\n${note}`;
}

async function score(folder: string, values: ReturnType<typeof parse>['values'], io: VerbIo): Promise<void> {
  const { half, clips } = await halfOf(folder, values.half);
  const options = { seed: whole('seed', values.seed, 2000), signal: io.signal, clips };
  const [reels, count] = [whole('reels', values.reels, 2), whole('shots', values.shots, 40)];
  const scratch = await mkdtemp(join(tmpdir(), 'inbetween-shots-'));
  try {
    const tell = (what: string) => (done: number, total: number) =>
      io.err(io.json ? JSON.stringify({ type: 'progress', stage: what, done, total }) : `${what}: ${done} of ${total}`);
    const cuts = await scoreCuts({ ...options, scratch, reels, shots: count, onProgress: tell('reels') });
    const holds = values['no-holds'] ? undefined : await scoreHolds({ ...options, scratch, onProgress: tell('clips') });
    if (io.json) {
      io.out(JSON.stringify({ clips: clips.length, half, ...cuts, ...(holds ? { holds } : {}) }));
      return;
    }
    const row = (
      name: string,
      s: { found: number; missed: number; invented: number; precision: number; recall: number; f1: number },
    ): string =>
      `${name.padEnd(9)} found ${s.found}, missed ${s.missed}, invented ${s.invented}  precision ${s.precision.toFixed(4)}  recall ${s.recall.toFixed(4)}  F1 ${s.f1.toFixed(4)}`;
    const list = (counts: object): string =>
      Object.entries(counts)
        .map(([kind, n]) => `${n} ${kind}`)
        .join(', ');
    io.out(`${clips.length} clips (${half}), ${cuts.frames} frames with ${list(cuts.lookAlikes)}`);
    io.out(row('cuts', cuts.cuts) + (cuts.cuts.invented > 0 ? `  (at ${list(cuts.inventedAt)})` : ''));
    if (!holds) return;
    for (const [kind, s] of Object.entries(holds.kinds)) io.out(`${row(kind, s)}  of ${s.fresh} new frames`);
    io.out(`${row('repeats', holds.all)}  of ${holds.all.fresh} new frames`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
