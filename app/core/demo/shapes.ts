/**
 * Outlines of the demo's objects as signed distances in design pixels: negative inside. An exact distance near the
 * edge is what makes the anti-aliasing analytic: coverage is the distance clipped to one pixel. Formulas after Inigo
 * Quilez, "2D distance functions".
 */
export type Shape = (x: number, y: number) => number;

export function roundedBox(halfWidth: number, halfHeight: number, corner: number): Shape {
  return (x, y) => {
    const dx = Math.abs(x) - halfWidth + corner;
    const dy = Math.abs(y) - halfHeight + corner;
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - corner;
  };
}

/** A five-pointed star with its point up; `depth` is the inner radius in parts of the outer. */
export function star(radius: number, depth: number): Shape {
  const kx = Math.cos(Math.PI / 5);
  const ky = -Math.sin(Math.PI / 5);
  const ax = -depth * ky;
  const ay = depth * kx - 1;
  return (px, py) => {
    let x = Math.abs(px);
    let y = -py;
    const first = 2 * Math.max(kx * x + ky * y, 0);
    [x, y] = [x - first * kx, y - first * ky];
    const second = 2 * Math.max(-kx * x + ky * y, 0);
    [x, y] = [Math.abs(x + second * kx), y - second * ky - radius];
    const along = Math.max(0, Math.min(radius, (x * ax + y * ay) / (ax * ax + ay * ay)));
    return Math.hypot(x - ax * along, y - ay * along) * Math.sign(y * ax - x * ay);
  };
}

/** Two discs and the tangents between them: `top` at the origin, `bottom` at (0, length) below it. */
export function drop(top: number, bottom: number, length: number): Shape {
  const b = (top - bottom) / length;
  const a = Math.sqrt(1 - b * b);
  return (px, y) => {
    const x = Math.abs(px);
    const k = -b * x + a * y;
    if (k < 0) return Math.hypot(x, y) - top;
    if (k > a * length) return Math.hypot(x, y - length) - bottom;
    return a * x + b * y - top;
  };
}

/** A rim, a hub and `spokes` bars from hub to rim. */
export function wheel(radius: number, rim: number, spokes: number, spoke: number): Shape {
  const sector = (2 * Math.PI) / spokes;
  return (x, y) => {
    const distance = Math.hypot(x, y);
    const angle = Math.atan2(y, x);
    const offset = angle - Math.round(angle / sector) * sector;
    const bar = Math.max(Math.abs(distance * Math.sin(offset)) - spoke / 2, distance - radius);
    return Math.min(Math.abs(distance - radius + rim / 2) - rim / 2, distance - radius * 0.16, bar);
  };
}

/**
 * What is below the line y = height(x), whose steepness stays moderate. The line is read from a table over
 * -reach..reach, since it is asked for every pixel of the screen.
 */
export function ground(height: (x: number) => number, reach: number): Shape {
  const steps = 4;
  const at = (i: number) => height(i / steps - reach);
  const line = Float32Array.from({ length: 2 * reach * steps + 2 }, (_, i) => at(i));
  const steepness = Float32Array.from(line, (_, i) => 1 / Math.hypot(1, ((at(i + 1) - at(i - 1)) * steps) / 2));
  return (x, y) => {
    const place = Math.max(0, Math.min(line.length - 1.001, (x + reach) * steps));
    const i = place | 0;
    return (line[i]! + (line[i + 1]! - line[i]!) * (place - i) - y) * steepness[i]!;
  };
}

export function union(...shapes: readonly Shape[]): Shape {
  return (x, y) => shapes.reduce((least, shape) => Math.min(least, shape(x, y)), Infinity);
}

export function moved(shape: Shape, dx: number, dy: number): Shape {
  return (x, y) => shape(x - dx, y - dy);
}
