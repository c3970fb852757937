/** What the double's main process and its launcher say to each other, over the channel of a forked process. */

/** Main process to launcher. */
export type FromMain =
  | { op: 'open'; window: number; preload: string; width: number; height: number }
  | { op: 'load'; window: number; url: string; seq: number }
  | { op: 'reload'; window: number }
  | { op: 'push'; window: number; channel: string; args: unknown[] }
  | { op: 'close'; window: number }
  | { op: 'theme'; source: string }
  /** Answers of what the launcher asked. */
  | { op: 'answer'; seq: number; result?: unknown; error?: string };

/** Launcher to main process. */
export type ToMain =
  | { op: 'invoke'; seq: number; window: number; channel: string; args: unknown[]; frame: FrameFacts }
  /** A page wants to go somewhere by itself; the answer is whether it may. */
  | { op: 'navigate'; seq: number; window: number; url: string }
  | { op: 'popup'; seq: number; window: number; url: string }
  | { op: 'loaded'; window: number; seq: number; error?: string }
  | { op: 'navigated'; window: number; url: string }
  | { op: 'closed'; window: number }
  | { op: 'evaluate'; seq: number; source: string; arg: unknown };

export interface FrameFacts {
  readonly url: string;
  readonly top: boolean;
}

export type AskMain = Extract<ToMain, { seq: number }>;
