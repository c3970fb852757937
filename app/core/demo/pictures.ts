/**
 * What the layers of the demo's scene look like. Coordinates are design pixels from a layer's origin; x right, y
 * down.
 */
import { fractal, hash, noise } from './noise.ts';
import { mix, ramp, shade, type Colour, type Paint } from './texture.ts';

const NIGHT: Colour = [38, 42, 98];
const DUSK: Colour = [196, 96, 120];
const INDIGO: Colour = [40, 34, 84];
const GLOW: Colour = [255, 196, 120];

/**
 * The paints, with detail down to about two and a half pixels of `pixel` design pixels each. `ridge` and `meadow` are
 * the heights of the two grounds, so that light follows them.
 */
export function pictures(
  pixel: number,
  ridge: (x: number) => number,
  meadow: (x: number) => number,
): Record<'sky' | 'mountains' | 'meadow' | 'balloon' | 'kite' | 'star' | 'wheel', Paint> {
  const finest = 2.5 * pixel;
  return {
    sky: skyPaint(finest),
    mountains: mountainPaint(finest, ridge),
    meadow: meadowPaint(finest, meadow),
    balloon: balloonPaint(finest),
    kite: kitePaint(finest),
    star: starPaint(finest),
    wheel: wheelPaint(finest),
  };
}

function skyPaint(finest: number): Paint {
  return (x, y) => {
    const down = (y + 180) / 230;
    const base = down < 0.6 ? mix(NIGHT, DUSK, down / 0.6) : mix(DUSK, GLOW, (down - 0.6) / 0.4);
    const sun = Math.hypot(x - 120, y + 12);
    const lit = mix(base, [255, 232, 180], Math.exp(-sun / 60) * 0.75 + (1 - ramp(30, 32, sun)) * 0.6);
    const cloud = fractal(x * 0.55, y * 1.9, 11, 90, Math.max(finest, 3));
    const streak = ramp(0.5, 0.72, cloud) * ramp(-190, -60, y);
    return mix(lit, [255, 214, 190], streak * 0.75);
  };
}

function mountainPaint(finest: number, ridge: (x: number) => number): Paint {
  return (x, y) => {
    const depth = y - ridge(x);
    const rock = fractal(x, y * 1.3, 23, 48, finest, 0.62);
    const facet = fractal(x + y * 0.8, y - x * 0.3, 29, 40, finest, 0.6);
    const stone = mix([74, 54, 112], [150, 104, 142], 1.9 * rock + 0.9 * facet - 0.95);
    const snow = ramp(0, 3, 20 + 38 * (facet - 0.5) - depth);
    const covered = mix(stone, shade([250, 226, 226], 0.72 + 0.5 * facet), snow * 0.9);
    return mix(covered, [206, 128, 140], ramp(40, 150, depth) * 0.55);
  };
}

function meadowPaint(finest: number, meadow: (x: number) => number): Paint {
  return (x, y) => {
    const depth = y - meadow(x);
    const blades = fractal(x * 2.1, y * 0.8, 37, 22, finest, 0.75);
    const patches = fractal(x, y * 1.6, 41, 90, 12);
    const grass = mix([24, 66, 62], [128, 168, 84], 1.7 * blades + 0.9 * patches - 0.85);
    const flowers = flower(x, y, finest);
    const field = flowers ?? grass;
    return shade(mix(field, [232, 190, 110], 1 - ramp(0, 7, depth)), 1.05 - depth / 420);
  };
}

/** A jittered grid of blossoms; undefined between them. */
function flower(x: number, y: number, finest: number): Colour | undefined {
  const cell = 17;
  const [cx, cy] = [Math.floor(x / cell), Math.floor(y / cell)];
  if (hash(cx, cy, 53) < 0.45) return undefined;
  const dx = x - (cx + 0.25 + 0.5 * hash(cx, cy, 59)) * cell;
  const dy = y - (cy + 0.25 + 0.5 * hash(cx, cy, 61)) * cell;
  const size = Math.max(finest, 1.6 + 1.8 * hash(cx, cy, 67));
  if (Math.hypot(dx, dy) > size) return undefined;
  const petals: readonly Colour[] = [
    [246, 214, 92],
    [240, 120, 140],
    [238, 236, 246],
  ];
  return petals[Math.floor(hash(cx, cy, 71) * 3)];
}

function balloonPaint(finest: number): Paint {
  const stripes: readonly Colour[] = [
    [214, 58, 64],
    [248, 228, 190],
    [30, 112, 130],
    [248, 228, 190],
  ];
  return (x, y) => {
    if (y > 71) return basketPaint(x, y);
    const half = y < 18 ? Math.sqrt(Math.max(1, 59 * 59 - y * y)) : 59 - (y - 18) * 0.78;
    const around = Math.asin(Math.max(-1, Math.min(1, x / Math.max(10, half))));
    const gore = (around / Math.PI + 0.5) * 9;
    const colour = stripes[((Math.floor(gore) % 4) + 4) % 4]!;
    const seam = 1 - 0.35 * (1 - ramp(0, 0.12, Math.min(gore % 1, 1 - (gore % 1))));
    const zigzag = Math.abs(y + 4 - 7 * Math.abs(((gore * 2) % 2) - 1)) < 6;
    const cloth = 0.84 + 0.32 * fractal(x, y, 73, 14, finest, 0.7);
    const light = 1.08 - 0.34 * ramp(-50, 60, x * 0.7 + y * 0.5);
    return shade(zigzag ? INDIGO : colour, seam * cloth * light);
  };
}

function basketPaint(x: number, y: number): Colour {
  const weave = (Math.floor(x / 3) + Math.floor(y / 2.5)) % 2 === 0 ? 1.12 : 0.78;
  return shade(y < 98 ? [92, 66, 52] : [186, 128, 66], weave);
}

function kitePaint(finest: number): Paint {
  const patches: readonly Colour[] = [
    [246, 190, 62],
    [22, 128, 140],
    [236, 104, 86],
    [244, 232, 208],
    [92, 74, 150],
  ];
  return (x, y) => {
    const [cx, cy] = [Math.floor((x + 62) / 15.6), Math.floor((y + 46) / 15.4)];
    const [u, v] = [(x + 62) / 15.6 - cx - 0.5, (y + 46) / 15.4 - cy - 0.5];
    const split = hash(cx, cy, 83) < 0.5 ? u + v : u - v;
    const pick = hash(cx * 2 + (split > 0 ? 1 : 0), cy, 79);
    const stitch = Math.max(Math.abs(u), Math.abs(v)) > 0.44 ? 0.72 : 1;
    const dots = hash(cx, cy, 89) < 0.4 && Math.hypot(u, v) < 0.2 ? 1.35 : 1;
    const thread = 0.86 + 0.28 * noise(x * 0.35, y * 1.1, 97) + 0.2 * (fractal(x, y, 101, 9, finest, 0.8) - 0.5);
    return shade(patches[Math.floor(pick * patches.length)]!, stitch * dots * thread);
  };
}

function starPaint(finest: number): Paint {
  return (x, y) => {
    const angle = Math.atan2(x, -y);
    const facet = Math.floor(((angle / (2 * Math.PI) + 1) * 10) % 10) % 2 === 0 ? 1.1 : 0.82;
    const speckle = fractal(x, y, 107, 12, finest, 0.8);
    return shade(mix([240, 150, 40], [255, 236, 130], 1.8 * speckle - 0.4), facet);
  };
}

function wheelPaint(finest: number): Paint {
  return (x, y) => {
    const distance = Math.hypot(x, y);
    const angle = Math.atan2(y, x);
    const grain = 0.75 + 0.5 * fractal(distance * 2, angle * 24, 109, 10, Math.max(finest, 1));
    if (distance > 43) {
      const paintMark = Math.floor(((angle / (2 * Math.PI)) * 18 + 36) % 3) === 0;
      return shade(paintMark ? [226, 74, 60] : [238, 222, 190], grain);
    }
    return shade(distance < 9 ? [214, 170, 66] : [122, 76, 48], grain);
  };
}
