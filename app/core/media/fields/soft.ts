/**
 * Film whose pulldown is in the file's flags: 24 frames a second are coded, and each is shown for two or three fields in turn, so their times are uneven.
 * Nothing is combed; only the times are put right.
 */

/** Part of the intervals that must be as pulldown makes them. */
const MOST = 0.95;
const SLACK = 0.12;

/** Fields that a frame is shown for, in turn: whether these times are those of soft telecine. */
export function isSoftTelecine(times: readonly number[]): boolean {
  if (times.length < 12) return false;
  const steps = times.slice(1).map((time, i) => time - times[i]!);
  const field = filmInterval(times) / 2.5;
  const fields = steps.map((step) => step / field);
  let fits = 0;
  for (const [i, value] of fields.entries()) {
    const before = fields[i - 1] ?? fields[i + 1]!;
    const short = Math.abs(value - 2) < 2 * SLACK && Math.abs(before - 3) < 2 * SLACK;
    const long = Math.abs(value - 3) < 2 * SLACK && Math.abs(before - 2) < 2 * SLACK;
    if (short || long) fits++;
  }
  return fits >= MOST * fields.length;
}

/** Ticks that a frame lasts on average, of a short and a long one in turn; gaps left out. */
export function filmInterval(times: readonly number[]): number {
  const pairs = times.slice(2).map((time, i) => time - times[i]!);
  const usual = pairs.toSorted((a, b) => a - b)[pairs.length >> 1]!;
  return meanOf(pairs.filter((pair) => Math.abs(pair / usual - 1) < SLACK)) / 2;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
