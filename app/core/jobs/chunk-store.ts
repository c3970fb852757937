/** Finished pieces of work, addressed by the hash of all that determines them. */

/** A chunk is one file. It appears under its key only when complete: it is written aside, fsynced and renamed. */
export interface ChunkStore {
  /** Path of a finished chunk, or undefined. Touches its time of last use; it stays until this job ends. `key` is 16 to 128 hex digits. */
  find(key: string): Promise<string | undefined>;
  /** A path to write the chunk to, ending in `.extension` ('nut' by default); nothing is visible under `key` until `commit`. */
  begin(key: string, extension?: string): Promise<PendingChunk>;
  /** Deletes a chunk that is not what it should be, whoever uses it. */
  readonly forget: (key: string) => Promise<void>;
}

/** What is known of a chunk's frames besides their pixels. */
export interface ChunkFacts {
  /** One for each frame: 0 (a guess) to 1 (certain) where it was synthesised, null where it is real. */
  readonly confidence: readonly (number | null)[];
}

export interface PendingChunk {
  readonly path: string;
  /** fsync, rename, fsync the folder; `facts` are kept as long as the chunk is. Returns the final path. Throws `disk-full`. */
  commit(facts?: ChunkFacts): Promise<string>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}
