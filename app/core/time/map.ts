/** The map from output time to source time as the sound needs it. The exact, rational side of it is in plan.ts. */

/** Seconds to seconds; `sourceAt` is continuous within a piece and may run backwards, stand still, or jump at a piece's start. */
export interface TimeMap {
  /** Length of the output in seconds. */
  readonly duration: number;
  /** Source seconds (from the source's first frame) shown at `output` seconds, 0 <= output <= duration. */
  sourceAt(output: number): number;
  /** Output seconds at which pieces start, ascending, first 0. */
  readonly pieces: readonly number[];
}
