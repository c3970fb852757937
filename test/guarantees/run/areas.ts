/** The tables of promises, one file an area. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Promised } from '../promise.ts';

/** File of the area in test/guarantees, and its heading; the table is the export of that name in capitals. */
export const AREAS: readonly (readonly [file: string, title: string])[] = [
  ['rates', 'Time'],
  ['colour', 'Colour'],
  ['tracks', 'Sound, subtitles and containers'],
  ['fields', 'Interlaced and telecined footage'],
  ['cadence', 'Repeated frames, titles and masks'],
  ['sizes', 'Sizes, memory and long runs'],
  ['faults', 'Faults'],
  ['fuzz', 'Hostile files'],
  ['earlier', 'Work, machines and workflow'],
];

export interface Area {
  readonly id: string;
  readonly title: string;
  readonly promises: readonly Promised[];
}

/** Every area whose table is there, in order. */
export async function loadAreas(): Promise<Area[]> {
  const areas: Area[] = [];
  for (const [id, title] of AREAS) {
    const path = join(import.meta.dirname, '..', `${id}.ts`);
    if (!existsSync(path)) continue;
    const table = ((await import(path)) as Record<string, readonly Promised[] | undefined>)[id.toUpperCase()];
    if (!table) throw new Error(`test/guarantees/${id}.ts does not export ${id.toUpperCase()}.`);
    areas.push({ id, title, promises: table });
  }
  return areas;
}
