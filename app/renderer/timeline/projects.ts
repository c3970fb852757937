/** What is done to whole projects: made, named, removed, written to files and read from them. Failures are told to the user here. */
import type { ProjectSummary } from '../../contract/project.ts';
import { confirm } from '../state/ask.svelte.ts';
import { client } from '../state/connection.svelte.ts';
import { pickFiles, pickSave } from '../state/files.svelte.ts';
import type { ProjectSession } from '../state/project.svelte.ts';
import { attempt, toasts } from '../state/toasts.svelte.ts';

/** A new, empty project; its id. */
export async function createProject(taken: readonly string[]): Promise<string | undefined> {
  let number = 1;
  while (taken.includes(`Project ${number}`)) number++;
  return (await attempt(() => client.call('project.create', { name: `Project ${number}` })))?.id;
}

export async function renameProject(id: string, name: string): Promise<boolean> {
  return (await attempt(async () => (await client.call('project.rename', { id, name }), true))) ?? false;
}

/** Whether it is gone. */
export async function removeProject({ id, name }: Pick<ProjectSummary, 'id' | 'name'>): Promise<boolean> {
  const yes = await confirm({
    title: `Remove ${name}?`,
    text: 'Its timeline, curves and history are removed from the library and cannot be brought back. Files stay where they are.',
    yes: 'Remove',
    danger: true,
  });
  if (!yes) return false;
  return (await attempt(async () => (await client.call('project.remove', { id }), true))) ?? false;
}

const READABLE = ['inbetween', 'edl', 'fcpxml'];

/** A file as a new project; its id. */
export async function importProject(): Promise<string | undefined> {
  const paths = await attempt(() => pickFiles({ title: 'Import a project', endings: READABLE, many: false }));
  const path = paths?.[0];
  if (path === undefined) return undefined;
  const read = await attempt(() => client.call('project.import', { path }));
  for (const note of read?.notes ?? []) toasts.show(note, 'warning');
  return read?.project.id;
}

export async function exportProject(session: ProjectSession, ending: 'inbetween' | 'edl' | 'fcpxml'): Promise<void> {
  const { id, name } = session.doc;
  await attempt(async () => {
    const file = name.replaceAll(/[/\\:*?"<>|]/g, '-');
    const path = await pickSave({ title: 'Export the project', name: `${file}.${ending}`, endings: [ending] });
    if (path === null) return;
    // The dialog has asked about a file that was there.
    const written = await client.call('project.export', { id, path, force: true });
    toasts.show(`Written to ${written.path}`, 'good');
    for (const note of written.notes) toasts.show(note, 'warning');
  });
}

export async function importMarkers(session: ProjectSession): Promise<void> {
  const paths = await attempt(() => pickFiles({ title: 'Import markers', endings: ['edl', 'fcpxml'], many: false }));
  const path = paths?.[0];
  if (path === undefined) return;
  await session.call(async (version) => {
    const { update, notes } = await client.call('project.importMarkers', { id: session.doc.id, version, path });
    for (const note of notes) toasts.show(note, 'warning');
    return update;
  });
}
