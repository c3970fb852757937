/** The double's end of the channel to the launcher. */
import type { FromMain, ToMain } from './link.ts';

type Handler<Op extends ToMain['op']> = (message: Extract<ToMain, { op: Op }>) => unknown;

const handlers = new Map<string, (message: never) => unknown>();
/** Main has no thread of its own that ends with the launcher: it must not outlive it. */
process.on('disconnect', () => process.exit(0));

export function tell(message: FromMain): void {
  if (process.connected) process.send!(message, undefined, undefined, () => {});
}

/** What the handler returns or throws is the answer where the launcher waits for one. */
export function hear<Op extends ToMain['op']>(op: Op, handler: Handler<Op>): void {
  handlers.set(op, handler as (message: never) => unknown);
}

process.on('message', (message: ToMain) => {
  void (async () => {
    const handler = handlers.get(message.op);
    const seq = 'seq' in message && message.op !== 'loaded' ? message.seq : undefined;
    try {
      const result = await handler?.(message as never);
      if (seq !== undefined) tell({ op: 'answer', seq, result });
    } catch (thrown) {
      if (seq === undefined) throw thrown;
      tell({
        op: 'answer',
        seq,
        error: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
      });
    }
  })();
});
