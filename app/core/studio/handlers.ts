/** What a host's handler table is made of. */
import type { Api, Method, Params, Result } from '../../contract/api.ts';

export interface CallContext {
  /** Aborted when whoever asked is gone, or the app closes. */
  readonly signal: AbortSignal;
}

/** One handler for every method: a missing one does not compile. */
export type Handlers = {
  readonly [M in Method]: (params: Params<M>, context: CallContext) => Promise<Result<M>>;
};

/** The handlers whose methods begin with `Group` and a dot: what one file of handlers gives. */
export type HandlersOf<Group extends string> = Pick<Handlers, Extract<keyof Api, `${Group}.${string}`>>;
