/** Handler of tags.export: films of spans into the queue, lists of them into files. */
import { mkdir } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { RetimeSpec } from '../../contract/jobs.ts';
import type { SpanExportOptions, SpanHit } from '../../contract/tags.ts';
import { analyseClip } from '../clips/facts.ts';
import { usableClip } from '../library/clip-rows.ts';
import { spansById } from '../library/span-search.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import { requireNone, spanFilms, writeSpanLists } from '../tags/span-export.ts';
import { plainRetime, SLOW_SHAPE } from '../tags/span-jobs.ts';
import { searchSpans } from '../tags/find.ts';
import type { StudioContext } from './context.ts';
import type { Handlers } from './handlers.ts';

export function tagExportHandlers(context: StudioContext, queue: JobQueue): Pick<Handlers, 'tags.export'> {
  const { db, access, signal: closing } = context;
  const spansOf = ({ spans }: SpanExportOptions): SpanHit[] =>
    'ids' in spans ? spansById(db, spans.ids) : searchSpans(db, { text: spans.query }, 0, Infinity).hits;
  return {
    'tags.export': async ({ options }, { signal }) => {
      const { what, force } = options;
      const checked = await access.check(options.to);
      const spans = spansOf(options);
      if (what !== 'clips' && what !== 'slow') {
        const to = /[/\\]$/.test(options.to) ? `${checked}/` : checked;
        return { jobs: [], written: await writeSpanLists(db, spans, { what, to, force }) };
      }
      const stop = AbortSignal.any([signal, closing]);
      const films = spanFilms(spans, {
        ...{ what, folder: checked, shape: { ...SLOW_SHAPE, ...shapeOf(options) } },
        specOf: async (input, output) => ({ ...plainRetime(input, output, force), ...retimeOf(options) }),
        timingOf: async ({ clip }) => (await analyseClip(db, clip, { signal: stop })).timing,
      });
      if (!force) await requireNone(films.map(({ output }) => output));
      for (const clip of new Set(spans.map((span) => span.clip))) await access.check(usableClip(db, clip).path);
      // All are planned before any is begun: what is in the way of one is said before there is anything to clear up.
      const specs: RetimeSpec[] = [];
      for (const film of films) specs.push(await film.plan());
      await mkdir(checked, { recursive: true }).catch((cause: unknown) => {
        throw new AppError('output-folder', `The folder ${checked} could not be made.`, { cause });
      });
      const jobs = specs.map((spec) => queue.enqueue(spec, { title: basename(spec.output, extname(spec.output)) }));
      return { jobs, written: [] };
    },
  };
}

function shapeOf({ lead, speed, ramp }: SpanExportOptions): { lead: number; speed?: number; ramp?: number } {
  return { lead, ...(speed !== undefined && { speed }), ...(ramp !== undefined && { ramp }) };
}

function retimeOf({ engine, audio }: SpanExportOptions): Partial<RetimeSpec> {
  return { ...(engine !== undefined && { engine }), ...(audio !== undefined && { audio }) };
}
