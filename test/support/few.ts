/** Tables of cases that are looked at whole by `npm run test:long` (test/long/full.long.ts), and by `npm test`, which is to end within ten minutes, in part. */

/** Set by test/long/full.long.ts. */
export const FULL = process.env['INBETWEEN_FULL'] === 'all';

/** Of `all`, those that differ most from each other, as `isOne` picks them; all of them in `npm run test:long`. */
export function few<T>(all: readonly T[], isOne: (one: T, at: number) => boolean): readonly T[] {
  return FULL ? all : all.filter(isOne);
}

/** What a test says that only `npm run test:long` runs. */
export const ONLY_LONG: string | false = FULL ? false : 'npm run test:long runs it';
