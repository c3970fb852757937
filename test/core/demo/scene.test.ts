import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { draw, toFrame, type Drawing } from '../../../app/core/demo/render.ts';
import { createScene, DESIGN_WIDTH, type Layer, type Scene } from '../../../app/core/demo/scene.ts';
import { drop, ground, roundedBox, star, wheel } from '../../../app/core/demo/shapes.ts';
import { bake } from '../../../app/core/demo/texture.ts';

const [WIDTH, HEIGHT] = [320, 180];
/** Made once: painting its textures is most of the work. */
const scene = createScene(WIDTH);

/** A scene of one white box on black that moves to the right by `speed` design pixels a second. */
function boxScene(speed: number, angle = 0): Scene {
  const flat = (level: number) => bake(() => [level, level, level], 20, 20, 1);
  const still: Layer = { name: 'sky', texture: flat(0), pose: () => ({ x: 320, y: 180, angle: 0, scale: 1 }) };
  const box: Layer = {
    name: 'kite',
    texture: flat(255),
    shape: roundedBox(10, 10, 0),
    reach: 15,
    pose: (t) => ({ x: 100 + speed * t, y: 100, angle, scale: 1 }),
  };
  return { layers: [still, box], duration: 1 };
}

const red = ({ data, width }: Drawing, x: number, y: number) => data[(y * width + x) * 3]!;

test('the same scene at the same time is the same picture, whoever made it', () => {
  const again = createScene(WIDTH);
  assert.deepEqual(draw(again, 0.5, WIDTH, HEIGHT).data, draw(scene, 0.5, WIDTH, HEIGHT).data);
});

test('the scene moves, and a moment later is as near as the moment is short', () => {
  const at = (t: number) => draw(scene, t, WIDTH, HEIGHT).data;
  const start = at(0.5);
  const change = (dt: number) =>
    at(0.5 + dt).reduce((sum, value, i) => sum + Math.abs(value - start[i]!), 0) / start.length;
  const [frame, hundredth, thousandth] = [change(1 / 24), change(1 / 2400), change(1 / 24000)];
  assert.ok(frame > 4, `a frame later differs by ${frame}`);
  assert.ok(hundredth < frame / 20 && hundredth > 0, `a hundredth of it by ${hundredth}`);
  // Edges and textures are continuous: ten times shorter is ten times nearer.
  assert.ok(thousandth < hundredth / 7, `a thousandth by ${thousandth}`);
});

test('objects pass in front of each other', () => {
  const place = (name: Layer['name'], t: number) => scene.layers.find((layer) => layer.name === name)!.pose(t);
  const apart = (t: number) => Math.abs(place('kite', t).x - place('balloon', t).x);
  assert.ok(apart(0) > 140, 'the kite starts clear of the balloon');
  assert.ok(Math.min(...[0.7, 0.9, 1.1].map(apart)) < 40, 'and comes to cover it');
});

test('a layer is where its pose says, at any real time', () => {
  const box = boxScene(60);
  // 60 design pixels a second on a 320 pixel screen are 30 pixels: 0.1 s is 3 pixels.
  const [before, after] = [draw(box, 0, WIDTH, HEIGHT), draw(box, 0.1, WIDTH, HEIGHT)];
  for (let x = 30; x < 70; x++) assert.equal(red(after, x + 3, 50), red(before, x, 50), `column ${x}`);
  // The box covers pixels 45..54 at 0 s; a 30th of a second is one pixel, a 120th a quarter of one.
  const quarter = draw(box, 1 / 120, WIDTH, HEIGHT);
  assert.ok(Math.abs(red(quarter, 45, 50) - 255 * 0.75) < 0.01, `left edge ${red(quarter, 45, 50)}`);
  assert.ok(Math.abs(red(quarter, 55, 50) - 255 * 0.25) < 0.01, `right edge ${red(quarter, 55, 50)}`);
});

test('a turned box covers as much as an upright one', () => {
  const lit = (angle: number) =>
    draw(boxScene(0, angle), 0, DESIGN_WIDTH, 360).data.reduce((sum, v) => sum + v / 255 / 3, 0);
  assert.ok(Math.abs(lit(0) - 400) < 0.01);
  assert.ok(Math.abs(lit(0.6) - 400) < 2, `${lit(0.6)} pixels`);
});

test('shapes measure distances', () => {
  const near = (got: number, want: number) => assert.ok(Math.abs(got - want) < 0.02, `${got} is not ${want}`);
  near(roundedBox(10, 5, 2)(14, 0), 4);
  near(roundedBox(10, 5, 0)(13, 9), 5);
  near(star(40, 0.5)(0, -40), 0);
  near(star(40, 0.5)(0, -43), 3);
  assert.ok(star(40, 0.5)(0, 0) < -10);
  near(drop(10, 2, 20)(0, -13), 3);
  near(drop(10, 2, 20)(0, 25), 3);
  near(wheel(50, 6, 8, 2)(53, 0), 3);
  assert.ok(wheel(50, 6, 8, 2)(30, 0) < 0, 'a spoke');
  assert.ok(wheel(50, 6, 8, 2)(30, 9) > 0, 'between spokes');
  near(ground((x) => x, 100)(10, 7.5), 2.5 / Math.SQRT2);
});

test('drawings become BT.709 codes', () => {
  const format = pixelFormat('yuv420p');
  const codes = (colour: readonly number[]) => {
    const data = Float32Array.from({ length: 4 * 2 * 3 }, (_, i) => colour[i % 3]!);
    return toFrame({ width: 4, height: 2, data }, format, 1, 0).planes.map((plane) => plane.data[0]);
  };
  assert.deepEqual(codes([255, 255, 255]), [235, 128, 128]);
  assert.deepEqual(codes([0, 0, 0]), [16, 128, 128]);
  assert.deepEqual(codes([255, 0, 0]), [63, 102, 240]);
  assert.equal(toFrame({ width: 2, height: 2, data: new Float32Array(12) }, format, 0.5, -1).time, 352_800_000);
});
