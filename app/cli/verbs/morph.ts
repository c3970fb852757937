/** `morph`: stills into motion. */
import { AppError } from '../../contract/errors.ts';
import type { RetimeResult } from '../../contract/jobs.ts';
import { heedsSeed, type MorphPlan, type MorphSpec } from '../../contract/morph.ts';
import { openApp } from '../../core/app.ts';
import { findInbetweener } from '../../core/engines/registry.ts';
import { planMorph } from '../../core/morph/plan.ts';
import { allNotes } from '../../core/morph/run.ts';
import { format } from '../../core/time/rational.ts';
import { MORPH_FLAGS, MORPH_USAGE, morphSpec, morphStills, takesOf } from '../morph-options.ts';
import { clock, progressPrinter } from '../progress.ts';
import { parseWords } from '../slowmo-options.ts';
import { statusLine } from '../status-line.ts';
import type { Verb, VerbIo } from '../verb.ts';
import { onDevice } from '../words.ts';
import { tellNotices } from './slowmo.ts';

export const morph: Verb = {
  name: 'morph',
  summary: 'Turn two stills or more, or a gap in footage, into motion',
  usage: MORPH_USAGE,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: { ...MORPH_FLAGS, output: { type: 'string', short: 'o' } },
      allowPositionals: true,
    });
    const { output, ...options } = values;
    if (output === undefined) throw new AppError('usage', 'morph needs the output: morph A B -o OUT --frames N.');
    await using app = await openApp();
    tellNotices(app, io);
    const stills = await morphStills(positionals, options, (...clip) => app.timing(clip[0], io.signal, clip[1]));
    const specs = takesOf(morphSpec(stills, output, options), options.takes);
    const plan = await planned(specs[0]!, io);
    refuse(plan, io);
    if (specs.length > 1) await requireSeeds(specs[0]!);
    await app.requireOutputs(specs);
    if (options.plan) {
      io.out(io.json ? JSON.stringify(plan) : [describePlan(plan, specs), ...notesOf(plan)].join('\n'));
      return 0;
    }
    if (io.json) io.err(JSON.stringify({ type: 'plan', plan }));
    else io.err(describePlan(plan, specs));
    for (const note of stills.notes)
      io.err(io.json ? JSON.stringify({ type: 'note', message: note }) : `Note: ${note}`);
    const results: RetimeResult[] = [];
    for (const [i, spec] of specs.entries()) {
      const progress = progressPrinter(io, specs.length > 1 ? `take ${i + 1}: ` : '');
      try {
        results.push(await app.run(spec, { signal: io.signal, onEvent: progress.listen }));
      } finally {
        progress.end();
      }
      if (!io.json) io.out(describeMorph(results.at(-1)!));
    }
    if (io.json)
      io.out(JSON.stringify(results.length === 1 ? withMade(results[0]!) : { takes: results.map(withMade) }));
    return 0;
  },
};

/** Of fewer nobody waits for the look at them. */
const MANY_STILLS = 12;

/** What the first film will be; says how far it is where there are many stills. */
async function planned(spec: MorphSpec, io: VerbIo): Promise<MorphPlan> {
  const status = statusLine(io);
  try {
    return await planMorph(spec, {
      signal: io.signal,
      existing: 'any',
      onKeyframe: (done, total) =>
        total > MANY_STILLS &&
        status.tell({ sentence: `Looking at still ${done} of ${total}`, fraction: 0, passing: true }),
    });
  } finally {
    status.end();
  }
}

/** Throws the first thing that is refused; the others are said before. */
function refuse({ refused }: MorphPlan, io: VerbIo): void {
  const [first, ...others] = refused;
  if (!first) return;
  for (const { reason, code } of others)
    io.err(io.json ? JSON.stringify({ type: 'note', message: reason, code }) : `Also: ${reason}`);
  throw new AppError(first.code as AppError['code'], first.reason);
}

/** Throws 'bad-morph' where takes would be alike. */
async function requireSeeds({ gaps }: MorphSpec): Promise<void> {
  let moves = false;
  for (const { engine, motion } of gaps) {
    const { uses } = await findInbetweener(engine);
    if (heedsSeed(uses, motion)) return;
    moves ||= uses.motion;
  }
  const ids = [...new Set(gaps.map(({ engine }) => engine))];
  const who = ids.length === 1 ? `${ids[0]} goes` : `${ids.join(' and ')} go`;
  const how = moves ? ' with this motion' : '';
  throw new AppError(
    'bad-morph',
    `${who} one way${how} whatever the seed, so all takes would be alike: leave --takes out, or use cvi, or fomm with --motion adversarial.`,
  );
}

function describePlan({ width, height, frames, made, duration }: MorphPlan, specs: readonly MorphSpec[]): string {
  const { fps, output, gaps } = specs[0]!;
  const engines = [...new Set(gaps.map(({ engine }) => engine))].join(', ');
  const films = specs.length > 1 ? ` of each of ${specs.length} takes` : '';
  return `${output}: ${frames} frames${films} of ${width}x${height} at ${format(fps)} a second (${duration.toFixed(2)} s), ${made} of them made by ${engines}`;
}

function notesOf(plan: MorphPlan): string[] {
  return allNotes(plan).map((note) => `  ${note}`);
}

/** What a person wants to know of a finished morph. */
export function describeMorph(result: RetimeResult): string {
  const { frames, synthesised, confidence, reusedFrames } = result;
  const sure = confidence === undefined ? '' : `, none less certain than ${confidence.toFixed(2)}`;
  const reused = reusedFrames > 0 ? `, ${reusedFrames} frames from an earlier run` : '';
  return (
    `${result.output}\n  ${frames} frames at ${result.fps}, ${synthesised} of them made by ${result.engine}${onDevice(result.device)}${sure}, ` +
    `${clock(result.seconds)}${reused}; checked by reading it back`
  );
}

function withMade(result: RetimeResult): RetimeResult & { made: number } {
  return { ...result, made: result.synthesised };
}
