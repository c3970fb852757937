/** Every span that a query finds as a film: cut out, or slowed. `slowmo --where` and `find --export` share it. */
import { basename, relative, resolve } from 'node:path';
import { AppError } from '../contract/errors.ts';
import type { SpanHit } from '../contract/tags.ts';
import type { App } from '../core/app.ts';
import { spanFilms } from '../core/tags/span-export.ts';
import { SLOW_SHAPE, type SlowShape } from '../core/tags/span-jobs.ts';
import { parseCurve } from '../core/time/curve.ts';
import { parseSpeed, toNumber } from '../core/time/rational.ts';
import { runRetime, type RetimeOutcome } from './retime-items.ts';
import { number, readText, retimeSpec, type SlowmoOptions } from './slowmo-options.ts';
import type { VerbIo } from './verb.ts';

export const SPAN_FILM_FLAGS = { lead: { type: 'string' }, ramp: { type: 'string' } } as const;

export interface SpanFilmOptions extends SlowmoOptions {
  lead?: string;
  ramp?: string;
}

export interface SpanFilmRequest {
  readonly what: 'clips' | 'slow';
  readonly query: string;
  readonly folder: string;
  readonly options: SpanFilmOptions;
}

interface Film extends RetimeOutcome, Pick<SpanHit, 'label' | 'start' | 'end'> {
  readonly input: string;
  readonly output: string;
}

/** Throws 'usage', 'bad-curve', 'bad-query', 'not-found' where nothing matches. The exit status: 4 where a film failed. */
export async function makeSpanFilms(
  app: App,
  { what, query, folder, options }: SpanFilmRequest,
  io: VerbIo,
): Promise<number> {
  const { lead: _, ramp: __, speed: ___, curve: ____, ...rest } = options;
  const shape = await shapeOf(what, options);
  // A wrong option is said once, before any work.
  await retimeSpec(folder, folder, { ...rest, speed: '1' });
  const { hits, understood } = app.findSpans({ text: query }, 0, Infinity);
  const films = spanFilms(hits, {
    ...{ what, folder, shape },
    specOf: (input, output) => retimeSpec(input, output, { ...rest, speed: '1' }),
    timingOf: ({ clipPath }) => app.timing(clipPath, io.signal),
  });
  const count = (many: number, one: string): string => `${many} ${one}${many === 1 ? '' : 's'}`;
  const clips = count(new Set(hits.map(({ clip }) => clip)).size, 'clip');
  if (!io.json) io.err(`${understood} ${count(hits.length, 'span')} in ${clips}.`);
  const done: Film[] = [];
  for (const [i, { span, output, plan }] of films.entries()) {
    const { label, start, end } = span;
    if (!io.json) io.err(`[${i + 1}/${films.length}] ${basename(output)}`);
    // A film of another span looks the same to a probe.
    const outcome = await runRetime(app, plan, { label: `${basename(output)}: `, adopt: false, io });
    done.push({ input: span.clipPath, output, label, start, end, ...outcome });
  }
  return tell(query, resolve(folder), done, io);
}

async function shapeOf(what: SpanFilmRequest['what'], options: SpanFilmOptions): Promise<SlowShape> {
  const { lead, ramp, speed, curve } = options;
  for (const name of ['from', 'to', 'input-fps', 'clock'] as const) {
    if (options[name] === undefined) continue;
    throw new AppError('usage', `--${name} makes no sense here: what is found says where in its clip it is.`);
  }
  if (what === 'clips' && (speed !== undefined || curve !== undefined || ramp !== undefined)) {
    throw new AppError(
      'usage',
      'Clips that are cut out keep their speed: --export slow takes --speed, --ramp and --curve.',
    );
  }
  if (curve !== undefined && (speed !== undefined || ramp !== undefined)) {
    throw new AppError('usage', '--curve already says what --speed and --ramp would: leave them out.');
  }
  const rate = speed === undefined ? SLOW_SHAPE.speed : toNumber(parseSpeed(speed));
  return {
    speed: rate,
    lead: lead === undefined ? (what === 'slow' ? SLOW_SHAPE.lead : 0) : number('lead', lead, 0, 600, false),
    ramp: ramp === undefined ? SLOW_SHAPE.ramp : number('ramp', ramp, 0, 600, false),
    ...(curve !== undefined && {
      curve: parseCurve(await readText(curve, 'The curve'), `The curve '${curve}'`).keys,
    }),
  };
}

function tell(query: string, folder: string, films: readonly Film[], io: VerbIo): number {
  const count = (state: Film['state']): number => films.filter((film) => film.state === state).length;
  const [made, kept, failed] = [count('done'), count('kept'), count('failed')];
  if (io.json) io.out(JSON.stringify({ query, folder, done: made, kept, failed, items: films }));
  else {
    for (const { output, state, error } of films) {
      io.out(state === 'failed' ? `${relative(folder, output)}: ${error?.code}: ${error?.message}` : output);
    }
    io.out(`${made} made, ${kept} already valid, ${failed} failed.`);
  }
  return failed > 0 ? 4 : 0;
}
