/** `jobs`: what was asked for, how far it is, stop it, go on with it. */
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { JobSpec, JobSummary, RetimeResult } from '../../contract/jobs.ts';
import { openApp, type App } from '../../core/app.ts';
import type { JobDetails } from '../../core/jobs/control.ts';
import { specInputs } from '../../core/jobs/spec.ts';
import { progressPrinter } from '../progress.ts';
import { parseWords } from '../slowmo-options.ts';
import type { Verb, VerbIo } from '../verb.ts';
import { describeMorph } from './morph.ts';
import { describeResult, tellNotices } from './slowmo.ts';
import { describeTagged } from './tag.ts';

type Action = (app: App, id: string, io: VerbIo) => Promise<void>;

const ACTIONS: Record<string, Action> = {
  async show(app, id, io) {
    const job = app.jobs.show(id);
    io.out(io.json ? JSON.stringify(job) : describeJob(job));
  },
  async cancel(app, id, io) {
    const job = await app.jobs.cancel(id, io.signal);
    io.out(io.json ? JSON.stringify(job) : row(job));
  },
  async resume(app, id, io) {
    const { spec } = app.jobs.show(id);
    const progress = progressPrinter(io);
    try {
      const result = await app.run(spec, { signal: io.signal, onEvent: progress.listen });
      progress.end();
      io.out(io.json ? JSON.stringify(result) : resultOf(spec, result));
    } finally {
      progress.end();
    }
  },
};

export const jobs: Verb = {
  name: 'jobs',
  summary: 'List the jobs of the library, show, cancel or resume one',
  usage: ['jobs [list] [--json]', 'jobs show|cancel|resume ID [--json]    ID may be the beginning of one'].join('\n'),
  async run(args, io) {
    const { positionals } = parseWords({ args: [...args], allowPositionals: true });
    const [what = 'list', id, ...extra] = positionals;
    const action = Object.hasOwn(ACTIONS, what) ? ACTIONS[what] : undefined;
    if (what !== 'list' && action === undefined) {
      throw new AppError('usage', `There is no 'jobs ${what}': list, show, cancel and resume there are.`);
    }
    if (extra.length > 0 || (action === undefined && id !== undefined))
      throw new AppError('usage', `jobs ${what} takes no more than that.`);
    if (action !== undefined && id === undefined)
      throw new AppError('usage', `jobs ${what} needs the job's ID; jobs list shows it.`);
    await using app = await openApp();
    tellNotices(app, io);
    if (action !== undefined && id !== undefined) await action(app, id, io);
    else io.out(listed(app.jobs.list(), io.json));
    return 0;
  },
};

function listed(all: readonly JobSummary[], json: boolean): string {
  if (json) return JSON.stringify({ jobs: all });
  return all.length === 0 ? 'No jobs yet.' : all.map(row).join('\n');
}

function row({ id, state, fraction, updatedAt, spec }: JobSummary): string {
  const when = updatedAt.slice(0, 16).replace('T', ' ');
  const share = `${Math.floor(100 * fraction)} %`.padStart(5);
  return `${id}  ${state.padEnd(9)} ${share}  ${when}  ${printable(nameOf(spec))} -> ${printable(spec.output)}`;
}

function resultOf(spec: JobSpec, result: RetimeResult): string {
  if (spec.kind === 'tag') return describeTagged(result);
  return spec.kind === 'morph' ? describeMorph(result) : describeResult(result);
}

function nameOf(spec: JobSpec): string {
  return spec.kind === 'retime' || spec.kind === 'tag' ? basename(spec.input) : spec.title;
}

function describeSpec(spec: JobSpec): string[] {
  if (spec.kind === 'retime' || spec.kind === 'tag')
    return [`  input   ${printable(spec.input)}`, `  engine  ${spec.engine}`];
  if (spec.kind === 'morph') {
    const frames = spec.gaps.map((gap) => gap.frames).join(', ');
    return [
      ...specInputs(spec).map((input) => `  still   ${printable(input)}`),
      `  frames  ${frames} between${spec.loop ? ', a loop' : ''}`,
      `  engine  ${[...new Set(spec.gaps.map(({ engine }) => engine))].join(', ')}`,
    ];
  }
  const engines = [...new Set(spec.clips.map((clip) => clip.engine))].join(', ');
  return [
    ...specInputs(spec).map((input) => `  input   ${printable(input)}`),
    `  frames  ${spec.from} to ${spec.to} of the sequence`,
    `  engine  ${engines === '' ? 'none' : engines}`,
  ];
}

function describeJob(job: JobDetails): string {
  const lines = [row(job), ...describeSpec(job.spec)];
  if (job.holder !== undefined) lines.push(`  run by  process ${job.holder}`);
  if (job.error !== undefined) lines.push(`  ${job.error.code}: ${job.error.message}`);
  for (const { at, message } of job.log) lines.push(`  ${at.slice(0, 19).replace('T', ' ')}  ${message}`);
  if (job.result !== undefined) lines.push(resultOf(job.spec, job.result));
  if (job.result?.pictureHash !== undefined) lines.push(`  pictures, SHA-256: ${job.result.pictureHash}`);
  return lines.join('\n');
}

/** A file's name on one line: newlines and what else would move the cursor become escapes. */
function printable(name: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return name.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (character) => JSON.stringify(character).slice(1, -1));
}
