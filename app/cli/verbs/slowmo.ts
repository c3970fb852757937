/** `slowmo`: one clip into slow motion, or any other retime. */
import { AppError } from '../../contract/errors.ts';
import type { RetimeResult } from '../../contract/jobs.ts';
import { openApp, type App } from '../../core/app.ts';
import { clock, progressPrinter } from '../progress.ts';
import { parseWords, retimeSpec, SLOWMO_FLAGS, SLOWMO_USAGE } from '../slowmo-options.ts';
import { SLOW_SHAPE } from '../../core/tags/span-jobs.ts';
import { makeSpanFilms, SPAN_FILM_FLAGS } from '../span-films.ts';
import { onDevice } from '../words.ts';
import type { Verb, VerbIo } from '../verb.ts';

function describeSound({ audio, avDriftMs }: RetimeResult): string {
  if (audio === 'none') return 'no sound';
  if (audio === 'mute') return 'sound muted (--audio keeps it)';
  return `sound (${audio}) ends ${Math.abs(avDriftMs).toFixed(1)} ms from the picture's end`;
}

/** What a person wants to know of a finished job, in a few lines. */
export function describeResult(result: RetimeResult): string {
  const { frames, synthesised, passedThrough, held, black, reusedFrames } = result;
  const lines = [
    `${result.output}`,
    `  ${frames} frames at ${result.fps} (${synthesised} made by ${result.engine}, ${passedThrough} real, ${held} held${black ? `, ${black} black` : ''})`,
    `  ${result.durationIn.toFixed(3)} s in, ${result.durationOut.toFixed(3)} s out, ${describeSound(result)}`,
  ];
  if (result.cuts.length > 0) lines.push(`  ${result.cuts.length} cuts, none interpolated across`);
  const reused = reusedFrames > 0 ? `, ${reusedFrames} frames from an earlier run` : '';
  lines.push(`  ${clock(result.seconds)}${onDevice(result.device)}${reused}; checked by probing it`);
  return lines.join('\n');
}

/** Says what is to be known of the library: a damaged one that was set aside, for one. */
export function tellNotices(app: App, io: VerbIo): void {
  for (const message of app.notices) io.err(io.json ? JSON.stringify({ type: 'note', message }) : `Note: ${message}`);
}

export const slowmo: Verb = {
  name: 'slowmo',
  summary: 'Turn a clip into slow motion (a quarter of its speed unless you say otherwise)',
  usage: `slowmo IN -o OUT [options]
slowmo --where QUERY -o FOLDER [--lead S] [--ramp S] [options]

${SLOWMO_USAGE}

  --where QUERY  every span of the library that the query finds (find --help), each as a file named by clip, label and number;
                 --speed is that of its middle, a --curve is stretched over it
  --lead S       seconds at normal speed before and after each (${SLOW_SHAPE.lead})
  --ramp S       seconds of the span over which the speed changes (${SLOW_SHAPE.ramp})`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: {
        ...{ ...SLOWMO_FLAGS, ...SPAN_FILM_FLAGS, where: { type: 'string' } },
        output: { type: 'string', short: 'o' },
      },
      allowPositionals: true,
    });
    const [input, ...extra] = positionals;
    const { output, where, ...all } = values;
    if (where !== undefined) {
      if (input !== undefined || output === undefined)
        throw new AppError('usage', 'Say what is slowed and where it goes: slowmo --where QUERY -o FOLDER.');
      await using app = await openApp();
      tellNotices(app, io);
      return await makeSpanFilms(app, { what: 'slow', query: where, folder: output, options: all }, io);
    }
    const { lead, ramp, ...options } = all;
    if (lead !== undefined || ramp !== undefined)
      throw new AppError('usage', '--lead and --ramp are for --where: a curve (--curve FILE) shapes a whole clip.');
    if (input === undefined || extra.length > 0)
      throw new AppError('usage', 'slowmo takes one input: slowmo IN -o OUT.');
    if (output === undefined) throw new AppError('usage', 'slowmo needs the output: slowmo IN -o OUT.');
    const spec = await retimeSpec(input, output, options);
    await using app = await openApp();
    tellNotices(app, io);
    const progress = progressPrinter(io);
    try {
      const result = await app.run(spec, { signal: io.signal, onEvent: progress.listen });
      progress.end();
      io.out(io.json ? JSON.stringify(result) : describeResult(result));
      return 0;
    } finally {
      progress.end();
    }
  },
};
