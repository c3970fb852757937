/** `project`: the projects of the library, out to other programs and in from them. */
import { join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { ProjectSummary } from '../../contract/project.ts';
import { openHome, type Home } from '../../core/base/home.ts';
import { addFiles } from '../../core/clips/add.ts';
import { ClipBackground } from '../../core/clips/background.ts';
import { openLibrary, type Library } from '../../core/library/db.ts';
import { readSettings } from '../../core/library/settings-rows.ts';
import { exportProject } from '../../core/projects/export.ts';
import { importProject } from '../../core/projects/import.ts';
import { listProjects } from '../../core/projects/list.ts';
import { settingChangesSchema } from '../../core/studio/schemas.ts';
import { parseWords } from '../slowmo-options.ts';
import type { Verb, VerbIo } from '../verb.ts';

export const project: Verb = {
  name: 'project',
  summary: 'List projects, write one as .edl, .fcpxml or .inbetween, read one',
  usage: [
    'project [list] [--json]',
    'project export PROJECT FILE [--force] [--json]    FILE ends in .edl, .fcpxml or .inbetween',
    "project import FILE [--json]    PROJECT is its name, or the beginning of its id as 'list' shows it",
  ].join('\n'),
  async run(args, io) {
    const { positionals, values } = parseWords({
      args: [...args],
      allowPositionals: true,
      options: { force: { type: 'boolean' } },
    });
    const [what = 'list', ...words] = positionals;
    const wanted = { list: 0, export: 2, import: 1 }[what];
    if (wanted === undefined)
      throw new AppError('usage', `There is no 'project ${what}': list, export and import there are.`);
    if (words.length !== wanted) throw new AppError('usage', `project ${what} takes ${wanted} words more.`);
    const home = await openHome();
    using db = openLibrary(home);
    for (const notice of db.notices) io.err(notice);
    if (what === 'list') io.out(listed(listProjects(db), io.json));
    else if (what === 'export') await write(db, words[0]!, resolve(words[1]!), values.force ?? false, io);
    else await read(db, home, resolve(words[0]!), io);
    return 0;
  },
};

function listed(all: readonly ProjectSummary[], json: boolean): string {
  if (json) return JSON.stringify({ projects: all });
  if (all.length === 0) return 'No projects yet.';
  return all
    .map(({ id, name, clips, duration, updatedAt }) => {
      const when = updatedAt.slice(0, 16).replace('T', ' ');
      return `${id.slice(0, 8)}  ${when}  ${String(clips).padStart(4)} clips  ${duration.toFixed(2).padStart(9)} s  ${name}`;
    })
    .join('\n');
}

async function write(db: Library, which: string, path: string, force: boolean, io: VerbIo): Promise<void> {
  const all = listProjects(db);
  const named = all.filter(({ name }) => name === which);
  const found = named.length > 0 ? named : all.filter(({ id }) => which.length >= 4 && id.startsWith(which));
  if (found.length === 0) throw new AppError('project-unknown', `There is no project '${which}'.`);
  if (found.length > 1)
    throw new AppError('usage', `Several projects are '${which}': say the id that 'project list' shows.`);
  const answer = await exportProject(db, found[0]!.id, { path, force });
  tell(io, { path: answer.path, notes: answer.notes }, answer.path);
}

async function read(db: Library, home: Home, path: string, io: VerbIo): Promise<void> {
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, io.signal]);
  const quiet = (): void => {};
  const background = new ClipBackground({
    db,
    home,
    signal,
    changed: quiet,
    probed: quiet,
    notice: (text) => io.err(text),
  });
  try {
    const check = async (one: string): Promise<string> => resolve(one);
    const add = async (paths: string[]) => {
      const report = await addFiles(db, paths, { check, skip: [join(home.root, 'chunks')], signal });
      background.prefer(report.ids);
      background.wake();
      return report;
    };
    const { engine } = readSettings(db, settingChangesSchema);
    const { project: made, notes } = await importProject(db, path, { check, add, engine, signal });
    tell(io, { id: made.id, name: made.name, notes }, `${made.id.slice(0, 8)}  ${made.name}`);
  } finally {
    ending.abort();
    await background.close();
  }
}

function tell(io: VerbIo, answer: { notes: string[] } & Record<string, unknown>, line: string): void {
  if (io.json) return io.out(JSON.stringify(answer));
  io.out(line);
  for (const note of answer.notes) io.err(note);
}
