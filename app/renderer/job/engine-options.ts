/** Engines for a Select. */
import type { EngineSummary } from '../../contract/settings.ts';

/** An engine that is chosen and not (yet) listed is in it too. */
export function engineOptions(
  engines: readonly EngineSummary[],
  chosen: string,
): { value: string; label: string; hint: string }[] {
  const known = engines.map(({ id, name, network }) => ({ value: id, label: name, hint: network ? 'network' : '' }));
  return known.some(({ value }) => value === chosen) ? known : [{ value: chosen, label: chosen, hint: '' }, ...known];
}
