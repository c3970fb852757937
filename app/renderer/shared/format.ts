/** Numbers for people. */
import type { Rational } from '../../contract/time.ts';

const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 12,345 */
export function showCount(count: number): string {
  return NUMBER.format(count);
}

/** '1 clip', '3 clips'. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${showCount(count)} ${count === 1 ? one : many}`;
}

/** '1.4 GB', in powers of 1000. */
export function showBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** '0:07', '1:02:03', for lengths; tenths below ten seconds. */
export function showDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '?';
  if (seconds < 9.95) return `0:0${seconds.toFixed(1)}`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

/** '5 s', '3 min', '2 h 10 min', for what is left. */
export function showEta(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** '23.976', '60': frames a second. */
export function showRate({ num, den }: Rational): string {
  return String(Number((num / den).toFixed(3)));
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
}

// Made once: a formatter costs more than what it formats.
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** The date and time, as short as it is clear. */
export function showWhen(iso: string): string {
  const date = new Date(iso);
  const today = new Date().toDateString() === date.toDateString();
  return today ? TIME.format(date) : DAY.format(date);
}
