/** Files the app is given from outside: a double click, the command line, the menu. */
import type { Client, Topics } from '../contract/api.ts';
import { toAppError } from '../contract/errors.ts';

/** Projects are opened, everything else goes into the library. Answers the view that shows it; what fails is told by `notice`. */
export async function openFiles(
  files: readonly string[],
  client: Client,
  notice: (message: Topics['notice']) => void,
): Promise<string | undefined> {
  const projects = files.filter((path) => /\.inbetween$/i.test(path));
  const media = files.filter((path) => !projects.includes(path));
  let view: string | undefined;
  try {
    if (media.length > 0) {
      const { refused } = await client.call('library.add', { paths: media });
      const [first] = refused;
      const more = refused.length > 1 ? ` And ${refused.length - 1} more.` : '';
      if (first) notice({ kind: 'warning', message: `${first.path}: ${first.reason}.${more}` });
      view = '#/library';
    }
    for (const path of projects) {
      const { project, notes } = await client.call('project.import', { path });
      for (const message of notes) notice({ kind: 'info', message });
      view = `#/edit/${project.id}`;
    }
  } catch (thrown) {
    notice({ kind: 'error', message: toAppError(thrown).message });
  }
  return view;
}
