/** What a decoding pass tells of a source, once for each state of the file. */
import type { FieldsChoice } from '../../../contract/choices.ts';
import type { VideoInfo } from '../../../contract/media.ts';
import type { Rational } from '../../../contract/time.ts';
import type { AnalysisCache } from '../../library/analysis-cache.ts';
import type { FileIdentity } from '../../library/file-identity.ts';
import { factsKind, findFrameFacts, frameFactsSchema, type FrameFacts } from '../../media/frame-facts.ts';
import { treatFields, type TreatedSource } from '../../media/fields/treat.ts';
import { format, toNumber } from '../../time/rational.ts';

export interface SourceFactsOptions {
  /** Rate that numbered images were given. */
  readonly rate?: Rational | undefined;
  /** `total` is a guess until the end. */
  readonly onProgress?: ((frames: number, total: number) => void) | undefined;
}

/** The facts of the source that was probed as `info` and is in the state `source`; decodes it where they are not known yet. Throws as findFrameFacts. */
export async function sourceFacts(
  info: VideoInfo,
  source: FileIdentity,
  { analyses, signal }: { readonly analyses: AnalysisCache; readonly signal: AbortSignal },
  { rate, onProgress }: SourceFactsOptions = {},
): Promise<FrameFacts> {
  const kind = rate ? `${factsKind(info)} at ${format(rate)}` : factsKind(info);
  const known = await analyses.find(source, kind, frameFactsSchema);
  if (known) return known;
  const rough = Math.round((info.duration ?? 0) * toNumber(info.video.averageRate ?? { num: 25, den: 1 }));
  const total = info.video.frameCount ?? rough;
  const facts = await findFrameFacts(info.path, info, {
    signal,
    onProgress: ({ frames }) => onProgress?.(frames, Math.max(frames, total)),
  });
  await analyses.store(source, kind, facts);
  return facts;
}

/** The source with its fields treated, for whoever decodes pictures of it and asks for nothing else. Throws as sourceFacts and treatFields. */
export async function treatedSource(
  info: VideoInfo,
  source: FileIdentity,
  context: Parameters<typeof sourceFacts>[2],
  { fields, ...options }: SourceFactsOptions & { readonly fields?: FieldsChoice | undefined } = {},
): Promise<TreatedSource> {
  return treatFields(info, await sourceFacts(info, source, context, options), fields);
}
