/** Puts one lasting thing in its place: `node power-users.ts LIBRARY model FILE`, `node power-users.ts LIBRARY project OUT`, forced. */
import { openHome } from '../../app/core/base/home.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { isTaken, modelPlaces, stageModel } from '../../app/core/nn/store.ts';
import { exportProject } from '../../app/core/projects/export.ts';
import { createProject, listProjects } from '../../app/core/projects/list.ts';

const [library, what, path = ''] = process.argv.slice(2);
const home = await openHome({ library });
if (what === 'model') {
  const places = modelPlaces(home);
  if (!(await isTaken(places, 'a'))) {
    await using staged = await stageModel(places);
    const files = [
      await staged.add('net.bin', path, { move: false }),
      await staged.add('sub/more.bin', path, { move: false }),
    ];
    await staged.publish({ id: 'a', family: 'film', name: 'a', licence: 'MIT', source: 'a test', files, config: {} });
  }
} else {
  using db = openLibrary(home);
  const { id } = listProjects(db)[0] ?? createProject(db, 'A film');
  await exportProject(db, id, { path, force: true });
}
