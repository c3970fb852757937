/** A source looked at once and treated, for whoever keeps no analyses. */
import type { FieldsChoice } from '../../../contract/choices.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import { findFrameFacts } from '../frame-facts.ts';
import { treatFields, type TreatedSource } from './treat.ts';

export interface FindTreatedOptions extends NonNullable<Parameters<typeof findFrameFacts>[2]> {
  readonly fields?: FieldsChoice | undefined;
}

/** Decodes the whole source. Throws as findFrameFacts and treatFields. */
export async function findTreated(
  info: VideoInfo,
  { fields, ...options }: FindTreatedOptions = {},
): Promise<TreatedSource> {
  return treatFields(info, await findFrameFacts(info.path, info, options), fields);
}
