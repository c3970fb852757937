/** The engines, as views and menus show them. */
import type { EngineSummary } from '../../contract/settings.ts';
import { listEngines, type ListedEngine } from '../engines/registry.ts';
import type { ModelPlaces } from '../nn/store.ts';

/** A listed engine without what was measured on this machine. */
export function engineSummary({ entry, model }: ListedEngine): Omit<EngineSummary, 'speed'> {
  const { id, name, summary, network = false, scores = null } = entry;
  return {
    id,
    name,
    summary,
    network,
    scores,
    bytes: model?.manifest.files.reduce((sum, file) => sum + file.bytes, 0) ?? 0,
    licence: model?.manifest.licence ?? 'MIT',
    embedded: model?.embedded ?? true,
  };
}

/** One of them. Undefined where there is none of that id. */
export async function listedEngine(id: string, places: ModelPlaces): Promise<ListedEngine | undefined> {
  return (await listEngines(places)).find(({ entry }) => entry.id === id);
}
