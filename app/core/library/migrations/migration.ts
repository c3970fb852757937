/** One step of the database's way to today. */
export interface Migration {
  /** What `PRAGMA user_version` says after it; one more than the step before. */
  readonly version: number;
  readonly sql: string;
}
