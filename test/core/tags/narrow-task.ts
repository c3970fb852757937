/** The product's tag task with the narrow streaming network of the fixtures as its recogniser; what a test's job process runs. */
import { join } from 'node:path';
import type { TaggerEntry } from '../../../app/core/engines/tagger.ts';
import { movinet } from '../../../app/core/engines/movinet/index.ts';
import { openCheckpoint } from '../../../app/core/import/registry.ts';
import type { TaskTable } from '../../../app/core/jobs/task.ts';
import { tagWith } from '../../../app/core/jobs/tasks/tag.ts';
import { shared } from '../../support/command.ts';

/** Its scores are stored as often as can be. */
const STORE_MS = 0;

export async function narrowEntry(): Promise<TaggerEntry> {
  const path = join(shared!, 'fixtures', 'movinet-a0-stream-narrow', 'statedict');
  await using checkpoint = await openCheckpoint(path);
  const config = (await movinet.recognise(checkpoint))!;
  const facts = await movinet.describe(config);
  return {
    ...{ id: 'narrow', version: '1', name: 'Narrow', summary: 'A fixture.', embedded: false, ...facts },
    open: (setup) => movinet.open(path, { ...setup, memory: 4 }, config),
  };
}

export const TASKS: Pick<TaskTable, 'tag'> = {
  tag: async () => async (spec, context) => tagWith(await narrowEntry(), spec, context, STORE_MS),
};
