/** Numbers among the words of `dataset`. */
import { AppError } from '../../contract/errors.ts';

/** Throws 'usage' for what is no such number. */
export function number(name: string, word: string, least: number, most: number, whole = true): number {
  const value = Number(word);
  if (/^\d+(\.\d+)?$/.test(word.trim()) && value >= least && value <= most && (!whole || Number.isInteger(value)))
    return value;
  throw new AppError(
    'usage',
    `--${name} takes ${whole ? 'whole numbers' : 'a number'} from ${least} to ${most}, not '${word}'.`,
  );
}
