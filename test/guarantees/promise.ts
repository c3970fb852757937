/** What is promised to users, and what keeps each promise. `npm run guarantees` runs them; docs/guarantees.md is written from them. */

/** A test that keeps a promise. */
export interface Keeper {
  /** From the repository's root: 'test/core/media/tracks.test.ts', or a long one, 'test/long/rates.long.ts'. */
  readonly file: string;
  /** The test's whole name; all of the file's unless given. */
  readonly name?: string;
  /** For a long one: NAME of docs/evidence/NAME.json, which its last run wrote. */
  readonly evidence?: string;
  /** For a long one: what its evidence measured, in words; {a.b} is what the file has there. All the file's plain figures unless given. */
  readonly figure?: string;
}

export interface Promised {
  /** In kebab case, never changed. */
  readonly id: string;
  /** What is promised, a sentence for users. */
  readonly says: string;
  /** The complaints of spec/peers.md section 2 that it answers, 1 to 25. */
  readonly answers: readonly number[];
  readonly keptBy: readonly Keeper[];
}

/** Begins a diagnostic that is a figure of a promise: context.diagnostic(`${FIGURE}sound ends 0.4 ms from the picture, at most`). */
export const FIGURE = 'figure: ';
