/** The ways in which fields come about: how many fields in a row show each moment. */

/**
 * Fields that each film frame is shown for, in turn. '2' are two fields a frame: whole frames, or, shifted by a field, film whose frames lie across two
 * coded ones. '1' is interlaced video: every field a moment of its own. The others are named as broadcasters do.
 */
export const PATTERNS = {
  '2': [2],
  '1': [1],
  '2:3': [2, 3],
  '2:3:3:2': [2, 3, 3, 2],
  '3:2:3:2:2': [3, 2, 3, 2, 2],
  '24:1': [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3],
} as const satisfies Record<string, readonly number[]>;

export type PatternName = keyof typeof PATTERNS;
export const PATTERN_NAMES = Object.keys(PATTERNS) as [PatternName, ...PatternName[]];

/** Fields until the pattern starts over. */
export function periodOf(name: PatternName): number {
  return PATTERNS[name].reduce((sum: number, fields) => sum + fields, 0);
}

/** The film frame that field `phase` of a pattern is from, counted from the pattern's start; may be negative. */
export function filmFrameAt(name: PatternName, phase: number): number {
  const [fields, period] = [PATTERNS[name], periodOf(name)];
  const turns = Math.floor(phase / period);
  let left = phase - turns * period;
  let frame = 0;
  while (left >= fields[frame]!) left -= fields[frame++]!;
  return turns * fields.length + frame;
}

/** Fields that a frame of the pattern lasts on average. */
export function fieldsPerFrame(name: PatternName): number {
  return periodOf(name) / PATTERNS[name].length;
}
