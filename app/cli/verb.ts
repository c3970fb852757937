/** What a verb of the `inbetween` command is. The frame (main.ts) parses the verb's name and `--json`, and prints errors. */

/** What the frame lends a verb. */
export interface VerbIo {
  /** `--json` was given: progress as JSON lines by `err`, exactly one result line by `out`. */
  readonly json: boolean;
  /** Aborted by Ctrl-C and SIGTERM; its reason is an AppError('cancelled'). */
  readonly signal: AbortSignal;
  /** One line to standard output. */
  out(line: string): void;
  /** One line to standard error. */
  err(line: string): void;
}

/** A verb. `run` gets the words after the verb's name and resolves to the exit status; what it throws, the frame prints. */
export interface Verb {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** The usage text, without the leading 'inbetween'. */
  readonly usage: string;
  run(args: readonly string[], io: VerbIo): Promise<number>;
}
