/**
 * The demo's scene: a balloon, a kite, a star and a wheel over hills that pan and zoom. Everything is a function of
 * real time, so the truth at any time is known. [Note: the demo's truth]
 *
 * A layer is a texture behind an outline that moves as a whole (place, angle, scale). A pixel asks each layer, back
 * to front, for its distance to the outline and its colour: an edge covers a pixel by the distance clipped to one
 * pixel, and textures have no detail finer than two texels, so a frame is anti-aliased without being averaged (60 ms
 * at 640x360).
 */
import { pictures } from './pictures.ts';
import { drop, ground, moved, roundedBox, star, union, wheel, type Shape } from './shapes.ts';
import { bake, type Paint, type Texture } from './texture.ts';

/**
 * Where a layer's origin is on the screen (design pixels), how far it is turned (radians, clockwise) and how large it
 * is.
 */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
  readonly scale: number;
}

export interface Layer {
  readonly name: 'sky' | 'mountains' | 'meadow' | 'star' | 'balloon' | 'kite' | 'wheel';
  readonly texture: Texture;
  /** Absent: the layer covers everything. */
  readonly shape?: Shape;
  /** No part of the outline is farther from the origin; absent: it may be anywhere. */
  readonly reach?: number;
  pose(seconds: number): Pose;
  /** A soft shadow on what is behind: offset and softness in design pixels, strength 0..1. */
  readonly shadow?: { readonly dx: number; readonly dy: number; readonly soft: number; readonly strength: number };
}

/** The scene in design pixels; renderers scale it to the size asked for. */
export interface Scene {
  readonly layers: readonly Layer[];
  /** Seconds after which the motion has been seen. It goes on, but the hills end some seconds later. */
  readonly duration: number;
}

export const DESIGN_WIDTH = 640;
export const DESIGN_HEIGHT = 360;

/** The height of the far mountains and of the meadow, in their own design pixels around the screen's centre. */
const ridge = (x: number): number =>
  18 - 34 * Math.sin(x / 96 + 0.6) - 17 * Math.sin(x / 37) - 7 * Math.sin(x / 15 + 1.3) - 3 * Math.sin(x / 6.3);
const meadow = (x: number): number => 104 + 14 * Math.sin(x / 120 + 2.2) + 5 * Math.sin(x / 41);

/**
 * Builds the scene with texture for a screen of `width` pixels (its detail grows with the size). Takes about a
 * second, more for more pixels.
 */
export function createScene(width: number): Scene {
  const scale = width / DESIGN_WIDTH;
  // Two texels a pixel keep bilinear sampling from blurring; above 1000 pixels one is enough and the memory matters
  // more.
  const density = width <= 1000 ? 2 * scale : scale;
  const paints = pictures(1 / scale, ridge, meadow);
  const painted = (paint: Paint, halfWidth: number, halfHeight: number) => bake(paint, halfWidth, halfHeight, density);
  const camera = (parallax: number, zoom: number) => (seconds: number) => ({
    x: DESIGN_WIDTH / 2 - 60 * parallax * (seconds - 0.55) - 4 * parallax * Math.sin(seconds * 3),
    y: DESIGN_HEIGHT / 2 + 6 * parallax * Math.sin(seconds * 1.7),
    angle: 0,
    scale: 1 + zoom * (seconds - 0.1),
  });
  const layers: Layer[] = [
    { name: 'sky', texture: painted(paints.sky, 400, 230), pose: camera(0.25, 0.015) },
    {
      name: 'mountains',
      texture: painted(paints.mountains, 460, 230),
      shape: ground(ridge, 460),
      pose: camera(0.8, 0.03),
    },
    starLayer(painted(paints.star, 52, 52)),
    balloonLayer(painted(paints.balloon, 62, 122)),
    {
      name: 'meadow',
      texture: painted(paints.meadow, 560, 260),
      shape: ground(meadow, 560),
      pose: camera(2, 0.06),
      shadow: { dx: 0, dy: -7, soft: 16, strength: 0.35 },
    },
    kiteLayer(painted(paints.kite, 62, 46)),
    wheelLayer(painted(paints.wheel, 56, 56)),
  ];
  return { layers, duration: 28 / 24 };
}

function starLayer(texture: Texture): Layer {
  return {
    name: 'star',
    texture,
    shape: star(44, 0.46),
    reach: 45,
    pose: (t) => ({ x: 560 - 150 * t, y: 84 + 34 * Math.sin(t * 2.1), angle: 2.6 * t, scale: 1 - 0.12 * t }),
    shadow: { dx: 5, dy: 7, soft: 9, strength: 0.35 },
  };
}

function balloonLayer(texture: Texture): Layer {
  const basket = moved(roundedBox(11, 8, 2), 0, 104);
  const ropes = union(moved(roundedBox(0.9, 13, 0.5), -9, 85), moved(roundedBox(0.9, 13, 0.5), 9, 85));
  return {
    name: 'balloon',
    texture,
    shape: union(drop(58, 12, 64), basket, ropes),
    reach: 116,
    pose: (t) => ({
      x: 236 + 74 * t + 5 * Math.sin(t * 4),
      y: 142 - 62 * t,
      angle: 0.13 * Math.sin(t * 3.1 + 0.4),
      scale: 0.98 + 0.14 * t,
    }),
    shadow: { dx: 8, dy: 10, soft: 14, strength: 0.35 },
  };
}

function kiteLayer(texture: Texture): Layer {
  return {
    name: 'kite',
    texture,
    shape: roundedBox(56, 40, 7),
    reach: 70,
    pose: (t) => ({
      x: 70 + 235 * t,
      y: 120 + 46 * Math.sin(t * 3 + 0.8),
      angle: -0.5 + 1.15 * t,
      scale: 0.92 + 0.1 * Math.sin(t * 2.4),
    }),
    shadow: { dx: 9, dy: 11, soft: 12, strength: 0.4 },
  };
}

/** How far the wheel has rolled. */
const travel = (t: number): number => -170 * t - 12 * Math.sin(t * 2.5);

function wheelLayer(texture: Texture): Layer {
  const radius = 50;
  return {
    name: 'wheel',
    texture,
    shape: wheel(radius, 7, 9, 3.2),
    reach: radius + 1,
    // It rolls: the way it has gone, over its radius, is its angle.
    pose: (t) => ({ x: 540 + travel(t), y: 286 + 5 * Math.sin(t * 5), angle: travel(t) / radius, scale: 1 }),
    shadow: { dx: 7, dy: 9, soft: 8, strength: 0.4 },
  };
}
