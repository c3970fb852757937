/** Whether pixels are square, as far as anybody can see. */
import type { Rational } from '../../contract/time.ts';

/** How far from square is still square: encoders that aim at a round shape write 640:639, and no picture is to be scaled for that. */
const NEARLY = 1 / 400;

/** `aspect`: width of a pixel over its height; 0:1 says nothing and is taken for square. */
export function isNearlySquare({ num, den }: Rational): boolean {
  return num <= 0 || den <= 0 || Math.abs(num / den - 1) < NEARLY;
}
