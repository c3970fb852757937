/** A process of the boards' own: one makes takes, another does what must not wait for them. [Note: boards at work] */
import type { AppError } from '../../contract/errors.ts';
import { ownModulePath } from '../base/own-files.ts';
import { WarmProcess } from '../base/warm-process.ts';
import { answerSchema, type BoardAnswer, type BoardOrder } from './messages.ts';

const WORKER = ownModulePath('./worker', import.meta.url);

export interface BoardProcessOptions {
  readonly home: string;
  readonly threads: number;
  readonly onAnswer: (answer: BoardAnswer) => void;
  readonly onDeath: (error: AppError) => void;
  readonly busy: () => boolean;
}

/** As WarmProcess has it. */
export function boardProcess({ home, threads, ...options }: BoardProcessOptions): WarmProcess<BoardOrder, BoardAnswer> {
  return new WarmProcess({
    ...options,
    entry: WORKER,
    name: 'morph board',
    opening: () => ({ type: 'open', home, threads }),
    read: (message) => answerSchema.safeParse(message).data,
  });
}
