/** Handlers of tags.* and teach.*: not yet. */
import { AppError } from '../../contract/errors.ts';
import type { Method } from '../../contract/api.ts';
import type { Handlers, HandlersOf } from './handlers.ts';

const METHODS = [
  ...['tags.export'],
] as readonly Method[];

export function tagsHandlers(): HandlersOf<'tags'> & HandlersOf<'teach'> {
  const refuse = async (): Promise<never> => {
    throw new AppError('model-not-yet', 'Recognising actions is not there yet.');
  };
  return Object.fromEntries(METHODS.map((method) => [method, refuse])) as unknown as Pick<
    Handlers,
    keyof HandlersOf<'tags'> | keyof HandlersOf<'teach'>
  >;
}
