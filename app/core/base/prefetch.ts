/** Runs an async iterable ahead of its consumer by up to `depth` items, so that producer and consumer overlap. */
export async function* prefetch<T>(source: AsyncIterable<T>, depth: number): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const pending: Promise<IteratorResult<T>>[] = [];
  const pull = () => {
    const next = iterator.next();
    // A rejection is reported when its turn comes; until then it is not "unhandled".
    next.catch(() => {});
    pending.push(next);
  };
  try {
    for (let i = 0; i < depth; i++) pull();
    for (;;) {
      pull();
      const result = await pending.shift()!;
      if (result.done) return;
      yield result.value;
    }
  } finally {
    await iterator.return?.();
  }
}
