/** A source looked at once and treated, for whoever keeps no analyses. */
import type { VideoInfo } from '../../../contract/media.ts';
import { findFrameFacts } from '../frame-facts.ts';
import { treatFields, type TreatedSource } from './treat.ts';

/** By what is found. Decodes the whole source. Throws as findFrameFacts. */
export async function findTreated(
  info: VideoInfo,
  options: Parameters<typeof findFrameFacts>[2],
): Promise<TreatedSource> {
  return treatFields(info, await findFrameFacts(info.path, info, options));
}
