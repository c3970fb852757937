/** What can be done with clips of the library, from its menus, keys and buttons. */
import type { ClipDetails, ClipSummary } from '../../contract/library.ts';
import { confirm } from '../state/ask.svelte.ts';
import { client } from '../state/connection.svelte.ts';
import { pickFiles, pickFolder } from '../state/files.svelte.ts';
import { router } from '../state/router.svelte.ts';
import { attempt, toasts } from '../state/toasts.svelte.ts';
import { baseName, plural } from '../shared/format.ts';

/** The project that was open last: views/EditView.svelte. */
const LAST = 'inbetween.project';
/** Ids of one call, at most. */
const MOST_IDS = 1000;

export async function addFiles(): Promise<void> {
  await addPaths(await attempt(() => pickFiles({ title: 'Add films to the library' })));
}

export async function addFolder(): Promise<void> {
  const folder = await attempt(() => pickFolder({ title: 'Add a folder to the library' }));
  await addPaths(folder ? [folder] : null);
}

export async function addPaths(paths: readonly string[] | null | undefined): Promise<void> {
  if (!paths || paths.length === 0) return;
  const report = await attempt(() => client.call('library.add', { paths: [...paths] }));
  if (!report) return;
  const { added, known, refused } = report;
  const parts = [
    added > 0 ? `${plural(added, 'file')} added` : '',
    known > 0 ? `${plural(known, 'file')} here already` : '',
  ].filter((part) => part !== '');
  if (parts.length > 0) toasts.show(`${parts.join(', ')}.`, added > 0 ? 'good' : 'info');
  for (const { path, reason } of refused.slice(0, 3)) toasts.show(`${baseName(path)}: ${reason}`, 'warning');
  if (refused.length > 3) toasts.show(`${refused.length - 3} more were left out.`, 'warning');
  if (parts.length === 0 && refused.length === 0) toasts.show('There are no files in it.', 'info');
}

/** Asks, and takes them out; files stay. True when they are out. */
export async function removeClips(ids: readonly string[]): Promise<boolean> {
  if (ids.length === 0) return false;
  const sure = await confirm({
    title: `Take ${plural(ids.length, 'clip')} out of the library?`,
    text: 'The files stay where they are; tags and thumbnails go.',
    yes: 'Take out',
    danger: true,
  });
  if (!sure) return false;
  try {
    await client.call('library.remove', { ids: [...ids], force: false });
    return true;
  } catch (thrown) {
    if (codeOf(thrown) !== 'clip-in-use') {
      toasts.failed(thrown);
      return false;
    }
    const still = await confirm({
      title: 'A project shows it',
      text: `${messageOf(thrown)} Taken out, it will be missing there.`,
      yes: 'Take out all the same',
      danger: true,
    });
    if (!still) return false;
    return (await attempt(() => client.call('library.remove', { ids: [...ids], force: true }))) !== undefined;
  }
}

/** Asks where a clip's file is now. */
export async function relinkClip({ id, name }: Pick<ClipSummary, 'id' | 'name'>): Promise<void> {
  const [path] = (await attempt(() => pickFiles({ title: `Where is ${name} now?`, many: false }))) ?? [];
  if (path === undefined) return;
  try {
    await client.call('library.relink', { id, path, force: false });
  } catch (thrown) {
    if (codeOf(thrown) !== 'relink-mismatch') return toasts.failed(thrown);
    const sure = await confirm({
      title: 'Another file',
      text: `${messageOf(thrown)} Edits that were made with it may show other moments.`,
      yes: 'Use it all the same',
      danger: true,
    });
    if (sure) await attempt(() => client.call('library.relink', { id, path, force: true }));
  }
}

/** Looks for all missing files below a folder. */
export async function findMissing(): Promise<void> {
  const folder = await attempt(() => pickFolder({ title: 'Where may the missing files be?' }));
  if (!folder) return;
  const busy = toasts.show(`Looking through ${baseName(folder)} ...`);
  const answer = await attempt(() => client.call('library.relinkFolder', { folder }));
  toasts.close(busy);
  if (!answer) return;
  const rest = answer.missing > 0 ? `, ${plural(answer.missing, 'file')} still missing` : '';
  toasts.show(`${plural(answer.found.length, 'file')} found${rest}.`, answer.found.length > 0 ? 'good' : 'warning');
}

export interface Part {
  /** Seconds of the source. */
  from?: number | undefined;
  to?: number | undefined;
}

/** Puts clips at the end of the project that was open last, or of a new one, and shows it. */
export async function openInEdit(ids: readonly string[], part: Part = {}): Promise<void> {
  const clips = await attempt(() => client.call('library.get', { ids: ids.slice(0, MOST_IDS) }));
  const usable = clips?.filter(({ state }) => state === 'ready') ?? [];
  if (usable.length === 0) {
    if (clips) toasts.show('None of these clips can be put on a timeline.', 'warning');
    return;
  }
  await attempt(async () => {
    const id = await projectFor(usable[0]!);
    const { version } = await client.call('project.open', { id });
    const placed = usable.map(({ id: media }) => ({ media, ...part }));
    await client.call('project.place', { id, version, clips: placed, at: 0, how: 'append' });
    router.go('edit', id);
  });
}

async function projectFor(clip: ClipDetails): Promise<string> {
  const last = localStorage.getItem(LAST);
  const known = await client.call('project.list', {});
  if (known.some(({ id }) => id === last)) return last!;
  return (await client.call('project.create', { name: clip.name.replace(/\.[^.]*$/, '') })).id;
}

export async function copyPath(path: string): Promise<void> {
  await attempt(() => navigator.clipboard.writeText(path));
}

export async function reveal(path: string): Promise<void> {
  await attempt(() => client.call('host.reveal', { path }));
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
