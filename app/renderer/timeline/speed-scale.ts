/** Speeds on an axis: logarithmic on both sides of a freeze, so that 10 % and 1000 % both have room. */

const BEND = 8;

/** -1 for 100 times backwards, 0 for a freeze, 1 for 100 times forwards. */
export function speedPlace(speed: number): number {
  return (Math.sign(speed) * Math.log1p(Math.abs(speed) * BEND)) / Math.log1p(100 * BEND);
}

export function placeSpeed(place: number): number {
  return (Math.sign(place) * Math.expm1(Math.abs(place) * Math.log1p(100 * BEND))) / BEND;
}

/** The part of the axis that shows all of these speeds with some room, 1 always in it. */
export function speedAxis(speeds: readonly number[]): { least: number; most: number } {
  const least = Math.min(0, ...speeds);
  const most = Math.max(1.2, ...speeds);
  return {
    least: least < 0 ? Math.max(-1, speedPlace(least * 1.3)) : 0,
    most: Math.min(1, speedPlace(most * 1.6)),
  };
}

/** 0 at the top of the axis, 1 at its bottom. */
export function axisY(speed: number, { least, most }: { least: number; most: number }): number {
  return 1 - (speedPlace(speed) - least) / (most - least);
}

export function axisSpeed(y: number, { least, most }: { least: number; most: number }): number {
  return placeSpeed(least + (1 - y) * (most - least));
}
