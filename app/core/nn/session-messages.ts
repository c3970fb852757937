/** What a session's thread and its owner say to each other, and the gate between them. [Note: native code cannot be stopped] */
import type { ErrorCode } from '../../contract/errors.ts';
import type { Tensors } from './ort.ts';

/** Values of the gate: whether the thread is inside ONNX Runtime, or may never enter it again. */
export const OUTSIDE = 0;
export const INSIDE = 1;
export const SHUT = 2;

export interface SessionInit {
  /** One element, in shared memory. */
  readonly gate: Int32Array;
  readonly model: Uint8Array;
  /** ONNX Runtime's names. Tried in order; the first that loads the model runs it. */
  readonly providers: readonly string[];
  readonly threads: number;
}

export type ToSession =
  | { readonly type: 'run'; readonly id: number; readonly inputs: Tensors; readonly into?: Tensors }
  | { readonly type: 'close' };

/** `failed` without an id: the model could not be loaded. `refused` says why providers before this one did not load it. */
export type FromSession =
  | { readonly type: 'loaded'; readonly provider: string; readonly refused: readonly string[] }
  | { readonly type: 'ran'; readonly id: number; readonly outputs: Tensors }
  | { readonly type: 'failed'; readonly id?: number; readonly code: ErrorCode; readonly message: string };
