/**
 * Errors a user can act on. Every error that leaves the core is an AppError: a stable code for programs and one
 * sentence for people. The code's kind decides the command's exit status.
 */

/** What a code means for whoever asked: wrong words (2), refused input (3), failed work (4), cancelled (130). */
export type ErrorKind = 'usage' | 'refused' | 'failed' | 'cancelled';

/** Every code there is, with its kind. Add a row here before throwing a new code. */
export const ERROR_KINDS = {
  usage: 'usage',
  'node-too-old': 'failed',
  'ffmpeg-missing': 'failed',
  'ffmpeg-failed': 'failed',
  'not-found': 'refused',
  'not-a-file': 'refused',
  unreadable: 'refused',
  'read-timeout': 'refused',
  'no-video': 'refused',
  'no-frames': 'refused',
  'codec-unsupported': 'refused',
  encrypted: 'refused',
  'too-large': 'refused',
  'empty-range': 'refused',
  'not-telecined': 'refused',
  'bad-curve': 'refused',
  'bad-cuts': 'refused',
  'bad-mask': 'refused',
  'mask-missing': 'refused',
  'bad-recipe': 'refused',
  'bad-protocol': 'refused',
  'bad-records': 'refused',
  'bad-job': 'refused',
  'bad-graph': 'refused',
  'bad-model': 'refused',
  'size-mismatch': 'refused',
  'encoder-missing': 'refused',
  'encoder-cannot': 'refused',
  'engine-unknown': 'refused',
  'engine-kind': 'refused',
  'bad-morph': 'refused',
  'bad-keypoints': 'refused',
  'board-unknown': 'refused',
  'board-changed': 'refused',
  'label-unknown': 'refused',
  'bad-query': 'refused',
  'bad-span': 'refused',
  'bad-rules': 'refused',
  'bad-taught': 'refused',
  'run-unknown': 'refused',
  'span-unknown': 'refused',
  'tags-changed': 'refused',
  'teach-too-few': 'refused',
  'device-unavailable': 'refused',
  'output-exists': 'refused',
  'output-folder': 'refused',
  'output-is-input': 'refused',
  'output-format': 'refused',
  'disk-space': 'refused',
  'disk-full': 'failed',
  'library-folder': 'refused',
  'job-unknown': 'refused',
  'job-busy': 'refused',
  'checkpoint-unknown': 'refused',
  'checkpoint-damaged': 'refused',
  'checkpoint-refused': 'refused',
  'tensor-missing': 'refused',
  'model-unknown': 'refused',
  'model-installed': 'refused',
  'model-embedded': 'refused',
  'model-not-yet': 'refused',
  'model-damaged': 'refused',
  'family-unknown': 'refused',
  'licence-not-accepted': 'refused',
  'address-refused': 'refused',
  'download-failed': 'failed',
  'hash-mismatch': 'failed',
  'probe-failed': 'refused',
  'weights-mismatch': 'refused',
  'bad-fixture': 'refused',
  'bad-request': 'refused',
  'bad-edit': 'refused',
  'bad-project': 'refused',
  'project-unknown': 'refused',
  'project-changed': 'refused',
  'nothing-to-undo': 'refused',
  'clip-unknown': 'refused',
  'clip-in-use': 'refused',
  'clip-missing': 'refused',
  'relink-mismatch': 'refused',
  'batch-unknown': 'refused',
  'path-refused': 'refused',
  'host-cannot': 'refused',
  'not-allowed': 'refused',
  'connection-lost': 'failed',
  'source-changed': 'failed',
  'decode-failed': 'failed',
  'encode-failed': 'failed',
  'engine-failed': 'failed',
  'verify-failed': 'failed',
  database: 'failed',
  'worker-died': 'failed',
  'out-of-memory': 'failed',
  internal: 'failed',
  cancelled: 'cancelled',
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** Exit status of the command for each kind of error. */
export const EXIT_STATUS: Record<ErrorKind, number> = { usage: 2, refused: 3, failed: 4, cancelled: 130 };

/** An error with a stable code and a sentence a user can act on. `message` is that sentence. */
export class AppError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'AppError';
    this.code = code;
  }
  get kind(): ErrorKind {
    return ERROR_KINDS[this.code];
  }
}

/** An error as it crosses a process or network border. */
export interface WireError {
  code: ErrorCode;
  message: string;
}

/** The AppError inside anything thrown; what is not one becomes `internal`, an abort becomes `cancelled`. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Error) {
    if (thrown.name === 'AbortError') return new AppError('cancelled', 'Cancelled.', { cause: thrown });
    return new AppError('internal', `Something went wrong inside Inbetween: ${thrown.message}`, { cause: thrown });
  }
  return new AppError('internal', `Something went wrong inside Inbetween: ${String(thrown)}`);
}
