/** The interpolating engines there are, one row each. */
import { AppError } from '../../contract/errors.ts';
import { Blend } from './blend.ts';
import type { EngineEntry } from './engine.ts';
import { openGlide } from './glide/open.ts';
import { BEST, DRAFT, STANDARD } from './glide/settings.ts';
import { Hold } from './hold.ts';

/** The engine used where none is named. */
export const DEFAULT_ENGINE = 'glide';

export const ENGINES: readonly EngineEntry[] = [
  { id: 'hold', version: '1', summary: 'The nearest source frame, repeated.', open: async () => new Hold() },
  { id: 'blend', version: '1', summary: 'The two source frames faded into each other.', open: async () => new Blend() },
  {
    id: 'glide',
    version: '1',
    summary: 'Follows the motion; the default.',
    open: (setup) => openGlide(setup, STANDARD),
  },
  {
    id: 'glide:draft',
    version: '1',
    summary: 'Follows the motion, coarser and faster.',
    open: (setup) => openGlide(setup, DRAFT),
  },
  {
    id: 'glide:best',
    version: '1',
    summary: 'Follows the motion with the finest settings; slow.',
    open: (setup) => openGlide(setup, BEST),
  },
];

/** The engine called `id`. Throws AppError 'engine-unknown', which lists the ids there are. */
export async function findEngine(id: string): Promise<EngineEntry> {
  const entry = ENGINES.find((engine) => engine.id === id);
  if (entry) return entry;
  const ids = ENGINES.map((engine) => engine.id).join(', ');
  throw new AppError('engine-unknown', `There is no engine called '${id}'; there are ${ids}.`);
}
