/** Handlers of teach.*. */
import { AppError } from '../../contract/errors.ts';
import { listTaggers } from '../engines/registry.ts';
import { knownSpelling } from '../library/span-history.ts';
import { exportTaught, importTaught, listTaught, makeTaught, removeTaught, taughtFacts } from '../teach/taught.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';

export function teachHandlers({ db, topics, access, signal }: StudioContext): HandlersOf<'teach'> {
  const changed = (): void => {
    topics.emit('teach.changed', {});
    topics.emit('tags.changed', { clip: '' });
  };
  /** One at a time: each takes seconds, two of one label would undo each other, and one that is being made would be found again after it was removed. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      changed();
    }
  };
  return {
    'teach.list': async () => listTaught(db),
    'teach.make': ({ label, engine, method }) =>
      inTurn(async () =>
        taughtFacts(db, await makeTaught(db, { label: knownSpelling(db, label), engine, method }, signal)),
      ),
    'teach.remove': ({ id }) =>
      inTurn(async () => {
        removeTaught(db, id);
        return {};
      }),
    'teach.export': async ({ id, path, force }) => {
      const to = await access.check(path);
      if (!to.endsWith('.json')) throw new AppError('usage', 'A taught label is written as a .json file.');
      await exportTaught(db, id, to, force);
      return { path: to };
    },
    'teach.import': async ({ path }) => {
      const from = await access.check(path);
      return await inTurn(async () => taughtFacts(db, await importTaught(db, from, await listTaggers(), signal)));
    },
  };
}
