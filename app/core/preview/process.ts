/** The preview's own process. */
import type { AppError } from '../../contract/errors.ts';
import { ownModulePath } from '../base/own-files.ts';
import { WarmProcess } from '../base/warm-process.ts';
import { answerSchema, type PreviewAnswer, type PreviewOrder } from './messages.ts';

const WORKER = ownModulePath('./worker', import.meta.url);

export interface PreviewProcessOptions {
  readonly home: string;
  readonly threads: number;
  readonly onAnswer: (answer: PreviewAnswer) => void;
  readonly onDeath: (error: AppError) => void;
  readonly busy: () => boolean;
  readonly idleMs?: number | undefined;
}

/** As WarmProcess has it. */
export function previewProcess({
  home,
  threads,
  ...options
}: PreviewProcessOptions): WarmProcess<PreviewOrder, PreviewAnswer> {
  return new WarmProcess({
    ...options,
    entry: WORKER,
    name: 'preview',
    opening: () => ({ type: 'open', home, threads }),
    read: (message) => answerSchema.safeParse(message).data,
  });
}
