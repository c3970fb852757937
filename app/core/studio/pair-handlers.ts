/** Handlers of pair.*, and the pictures between two photos. */
import { Pairs } from '../queue/pairs.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import { fileResponse, type MediaRoutes } from './media.ts';
import { mediaType } from './media-type.ts';

export interface PairPart {
  readonly handlers: HandlersOf<'pair'>;
  readonly media: MediaRoutes;
  /** Whether a pair is being made now. */
  busy(): boolean;
  close(): Promise<void>;
}

export async function openPairPart({ db, home, topics, access }: StudioContext): Promise<PairPart> {
  const pairs = new Pairs({ db, home, onChanged: (status) => topics.emit('pair.changed', status) });
  return {
    handlers: {
      'pair.start': async ({ spec }) => {
        const [a, b] = [await access.check(spec.a), await access.check(spec.b)];
        const output = spec.output === undefined ? undefined : await access.check(spec.output);
        return { id: pairs.start({ ...spec, a, b, output }) };
      },
      'pair.list': async () => pairs.list(),
      'pair.cancel': async ({ id }) => (await pairs.cancel(id), {}),
    },
    media: {
      pair: async ([id = '', which = ''], request) => {
        if (which === 'film') {
          const film = pairs.film(id);
          if (film === undefined) return undefined;
          // Where the user wanted it: the folder may not be open any more.
          if (!pairs.isOwn(film)) await access.check(film);
          return await fileResponse(film, mediaType(film), request);
        }
        const path = pairs.picture(id, which);
        return path === undefined ? undefined : await fileResponse(path, 'image/png', request);
      },
    },
    busy: () => pairs.busy,
    close: () => pairs.close(),
  };
}
