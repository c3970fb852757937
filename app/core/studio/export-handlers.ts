/** Handlers of export.*. */
import { EXPORT_PRESETS } from '../queue/export-presets.ts';
import { analyseClip } from '../clips/facts.ts';
import { planExport, throwRefused, type PlannedExport } from '../jobs/export-plan.ts';
import { usableClip } from '../library/clip-rows.ts';
import { projectState } from '../projects/edit.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { ExportOptions } from '../../contract/queue.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

export interface ExportPart {
  readonly handlers: HandlersOf<'export'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openExportPart(
  { db, home, access, threads, signal: closing }: StudioContext,
  queue: JobQueue,
): Promise<ExportPart> {
  const planned = async (project: string, options: ExportOptions, asked: AbortSignal): Promise<PlannedExport> => {
    const signal = AbortSignal.any([asked, closing]);
    const output = await access.check(options.output);
    return await planExport(
      projectState(db, project),
      { ...options, output },
      {
        ...{ db, home, threads, signal },
        source: async (media) => {
          await access.check(usableClip(db, media).path);
          const { info, facts, file } = await analyseClip(db, media, { signal });
          return { info, facts, identity: file };
        },
      },
    );
  };
  return {
    handlers: {
      'export.presets': async () => [...EXPORT_PRESETS],
      'export.plan': async ({ project, options }, { signal }) => (await planned(project, options, signal)).plan,
      'export.start': async ({ project, options }, { signal }) => {
        const { plan, specs } = await planned(project, options, signal);
        throwRefused(plan);
        const { name } = projectState(db, project);
        const whole = specs.length === 1 && options.scope.what !== 'segments';
        const jobs = specs.map((spec) =>
          queue.enqueue(spec, { title: whole ? name : `${name}: ${spec.title}`, frames: spec.to - spec.from }),
        );
        return { jobs };
      },
    },
    media: {},
    close: async () => {},
  };
}
