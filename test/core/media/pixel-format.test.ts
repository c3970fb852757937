/** Every format against raw bytes taken apart here, through the real filters: no swscale where none is wanted, no rounding where it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities } from '../../../app/core/media/capabilities.ts';
import { runFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import { frameBytes, frameFromBytes, planeHeight, planeWidth } from '../../../app/core/media/frame.ts';
import { pictureFilters, pictureOf, pictureSetup } from '../../../app/core/media/picture.ts';
import { PIXEL_FORMATS, carrier, carrierOf, pixelFormat } from '../../../app/core/media/pixel-format.ts';
import { few } from '../../support/few.ts';

const WIDTH = 16;
const HEIGHT = 8;
const { pixelFormats } = await capabilities();

type Turn = { rotation: 0 | 90 | 180 | 270; mirrored: boolean };

/** The planes decoding makes of one rawvideo frame of `source`. */
async function through(source: string, raw: Uint8Array, turn: Turn = { rotation: 0, mirrored: false }) {
  const video = { pixelFormat: source, codedWidth: WIDTH, codedHeight: HEIGHT, ...turn };
  const setup = pictureSetup(video);
  const input = ['-f', 'rawvideo', '-pix_fmt', source, '-s', `${WIDTH}x${HEIGHT}`, '-i', 'pipe:0'];
  const filters = ['-vf', pictureFilters(video).join(',')];
  const args = [...input, ...filters, '-frames:v', '1', '-f', 'rawvideo', 'pipe:1'];
  const { stdout } = await runFfmpeg(args, { input: raw });
  const bytes = pictureOf(setup, Uint8Array.from(stdout));
  const quarter = turn.rotation === 90 || turn.rotation === 270;
  const [w, h] = quarter ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
  assert.equal(bytes.byteLength, frameBytes(setup.format, w, h), `${source}: size`);
  return frameFromBytes(setup.format, w, h, bytes, 0, 0);
}

/** Does `work` for every item, four at a time: most of it is starting ffmpeg. */
async function forAll<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

let seed = 7;
function random(length: number, most = 255): number[] {
  return Array.from({ length }, () => (seed = (seed * 48_271) % 2_147_483_647) % (most + 1));
}

function words(values: readonly number[], bigEndian = false): Uint8Array {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => (bigEndian ? bytes.writeUInt16BE(value, i * 2) : bytes.writeUInt16LE(value, i * 2)));
  return Uint8Array.from(bytes);
}

test('every native format passes through untouched', async () => {
  let passed = 0;
  const chosen = few([...PIXEL_FORMATS.values()], ({ bits }) => bits === 8 || bits === 12);
  await forAll(chosen, async (format) => {
    if (!pixelFormats.has(format.name)) return;
    const samples = random(frameBytes(format, WIDTH, HEIGHT) / format.bytesPerSample, 2 ** format.bits - 1);
    const raw = format.bytesPerSample === 1 ? Uint8Array.from(samples) : words(samples);
    const frame = await through(format.name, raw);
    assert.deepEqual(
      frame.planes.flatMap((plane) => [...plane.data]),
      samples,
      format.name,
    );
    assert.equal(frame.format, format);
    passed++;
  });
  assert.ok(passed > 0.75 * chosen.length, `${passed} of ${chosen.length} formats`);
});

test('the other byte order, and full-range yuvj, keep every sample', async () => {
  for (const name of ['gray10', 'yuv420p10', 'yuv422p10', 'yuv444p12', 'gbrp10', 'gbrp16', 'gray16', 'yuva444p10']) {
    const format = carrier(`${name}be`);
    assert.equal(format.name, `${name}le`);
    const samples = random(frameBytes(format, WIDTH, HEIGHT) / 2, 2 ** format.bits - 1);
    const frame = await through(`${name}be`, words(samples, true));
    assert.deepEqual(
      frame.planes.flatMap((plane) => [...plane.data]),
      samples,
      name,
    );
  }
  for (const name of ['yuvj420p', 'yuvj422p', 'yuvj444p']) {
    const format = carrier(name);
    assert.equal(carrierOf(name).fullRange, true);
    const samples = random(frameBytes(format, WIDTH, HEIGHT));
    const frame = await through(name, Uint8Array.from(samples));
    assert.deepEqual(
      frame.planes.flatMap((plane) => [...plane.data]),
      samples,
      name,
    );
  }
});

/** Packed formats: where each channel of pixel (x, y) is, in samples from the start. */
const PIXELS = WIDTH * HEIGHT;
const at = (step: number, offset: number) => (x: number, y: number) => (y * WIDTH + x) * step + offset;
const chromaAt = (plane: number, step: number, offset: number) => (x: number, y: number) =>
  plane + (y * (WIDTH / 2) + x) * step + offset;
const yuyv = (offset: number, step: number) => (x: number, y: number) => y * WIDTH * 2 + x * step + offset;
type Places = Record<string, (x: number, y: number) => number>;

const PACKED: [source: string, samples: number, most: number, kind: '8' | 'le' | 'be', places: Places][] = [
  ['nv12', PIXELS * 1.5, 255, '8', { y: at(1, 0), u: chromaAt(PIXELS, 2, 0), v: chromaAt(PIXELS, 2, 1) }],
  ['nv21', PIXELS * 1.5, 255, '8', { y: at(1, 0), u: chromaAt(PIXELS, 2, 1), v: chromaAt(PIXELS, 2, 0) }],
  ['yuyv422', PIXELS * 2, 255, '8', { y: yuyv(0, 2), u: yuyv(1, 4), v: yuyv(3, 4) }],
  ['uyvy422', PIXELS * 2, 255, '8', { y: yuyv(1, 2), u: yuyv(0, 4), v: yuyv(2, 4) }],
  ['rgb24', PIXELS * 3, 255, '8', { r: at(3, 0), g: at(3, 1), b: at(3, 2) }],
  ['bgr24', PIXELS * 3, 255, '8', { r: at(3, 2), g: at(3, 1), b: at(3, 0) }],
  ['bgr0', PIXELS * 4, 255, '8', { r: at(4, 2), g: at(4, 1), b: at(4, 0) }],
  ['0rgb', PIXELS * 4, 255, '8', { r: at(4, 1), g: at(4, 2), b: at(4, 3) }],
  ['rgba', PIXELS * 4, 255, '8', { r: at(4, 0), g: at(4, 1), b: at(4, 2), a: at(4, 3) }],
  ['bgra', PIXELS * 4, 255, '8', { r: at(4, 2), g: at(4, 1), b: at(4, 0), a: at(4, 3) }],
  ['argb', PIXELS * 4, 255, '8', { r: at(4, 1), g: at(4, 2), b: at(4, 3), a: at(4, 0) }],
  ['abgr', PIXELS * 4, 255, '8', { r: at(4, 3), g: at(4, 2), b: at(4, 1), a: at(4, 0) }],
  ['ya8', PIXELS * 2, 255, '8', { r: at(2, 0), g: at(2, 0), b: at(2, 0), a: at(2, 1) }],
  ['ya16be', PIXELS * 2, 65_535, 'be', { r: at(2, 0), g: at(2, 0), b: at(2, 0), a: at(2, 1) }],
  ['rgb48be', PIXELS * 3, 65_535, 'be', { r: at(3, 0), g: at(3, 1), b: at(3, 2) }],
  ['rgba64le', PIXELS * 4, 65_535, 'le', { r: at(4, 0), g: at(4, 1), b: at(4, 2), a: at(4, 3) }],
];

test('packed and semi-planar formats are taken apart without loss', async () => {
  await forAll(PACKED, async ([source, length, most, kind, places]) => {
    const samples = random(length, most);
    const frame = await through(source, kind === '8' ? Uint8Array.from(samples) : words(samples, kind === 'be'));
    assert.equal(carrierOf(source).exact, true);
    assert.equal(frame.format.planes.length, Object.keys(places).length, source);
    frame.format.planes.forEach(({ channel }, i) => {
      const { width, height, data } = frame.planes[i]!;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          assert.equal(data[y * width + x], samples[places[channel]!(x, y)], `${source} ${channel} ${x},${y}`);
        }
      }
    });
  });
});

test('10 bits in the high end of a word (P010) come down to the low end', async () => {
  const samples = random(PIXELS * 1.5, 1023);
  const frame = await through('p010le', words(samples.map((value) => value << 6)));
  assert.equal(frame.format.name, 'yuv420p10le');
  assert.deepEqual([...frame.planes[0]!.data], samples.slice(0, PIXELS));
  assert.deepEqual(
    [...frame.planes[1]!.data],
    samples.slice(PIXELS).filter((_, i) => i % 2 === 0),
  );
});

test('floats become 16 bits of 0..1, clipped, and say they are not exact', async (t) => {
  if (!pixelFormats.get('gbrpf32le')?.input) return t.skip('swscale of this ffmpeg does not read gbrpf32le');
  const values = [0, 1, 0.5, -1, 7, Number.NaN, 0.25, 1 / 65_535];
  const raw = new Float32Array(PIXELS * 3).map((_, i) => values[i % values.length]!);
  const frame = await through('gbrpf32le', new Uint8Array(raw.buffer));
  assert.equal(carrierOf('gbrpf32le').exact, false);
  assert.deepEqual(Array.from(frame.planes[0]!.data.subarray(0, 8)), [0, 65_535, 32_768, 0, 65_535, 0, 16_384, 1]);
});

test('an unknown format is given a wide one, and says it is not exact', () => {
  assert.deepEqual([carrierOf('xyz12le').format.name, carrierOf('xyz12le').exact], ['gbrp16le', false]);
  assert.deepEqual([carrierOf('vuya').format.name, carrierOf('vuya').exact], ['yuva444p', false]);
  assert.throws(() => pixelFormat('nv12'));
});

const TURNS = ([0, 90, 180, 270] as const).flatMap((rotation) => [
  { rotation, mirrored: false },
  { rotation, mirrored: true },
]);

/** Where sample (x, y) of a w x h plane goes: mirrored left to right first, then turned clockwise. */
function moved(x: number, y: number, w: number, h: number, { rotation, mirrored }: Turn): [number, number] {
  const fromLeft = mirrored ? w - 1 - x : x;
  if (rotation === 90) return [h - 1 - y, fromLeft];
  if (rotation === 180) return [w - 1 - fromLeft, h - 1 - y];
  return rotation === 270 ? [y, w - 1 - fromLeft] : [fromLeft, y];
}

test('turning and mirroring moves samples and changes none, 4:2:2 into 4:4:0 as well', async () => {
  const becomes: Record<string, string> = { yuv422p10le: 'yuv440p10le', yuv440p: 'yuv422p' };
  for (const name of ['yuv420p', 'yuv422p10le', 'yuv440p', 'gbrp']) {
    const format = pixelFormat(name);
    const samples = random(frameBytes(format, WIDTH, HEIGHT) / format.bytesPerSample, 2 ** format.bits - 1);
    const raw = format.bytesPerSample === 1 ? Uint8Array.from(samples) : words(samples);
    await forAll(TURNS, async (turn) => {
      const frame = await through(name, raw, turn);
      const quarter = turn.rotation % 180 === 90;
      assert.equal(frame.format.name, quarter ? (becomes[name] ?? name) : name);
      let offset = 0;
      format.planes.forEach((layout, i) => {
        const [w, h] = [planeWidth(layout, WIDTH), planeHeight(layout, HEIGHT)];
        const plane = frame.planes[i]!;
        for (let k = 0; k < w * h; k++) {
          const [x, y] = moved(k % w, Math.floor(k / w), w, h, turn);
          assert.equal(plane.data[y * plane.width + x], samples[offset + k], `${name} ${JSON.stringify(turn)}`);
        }
        offset += w * h;
      });
    });
  }
});

test('chroma that no format can hold turned is repeated to 4:4:4', async () => {
  for (const [name, shift, step] of [
    ['yuv411p', 2, 'yuv444p'],
    ['yuv422p14le', 1, 'yuv444p14le'],
  ] as const) {
    const format = pixelFormat(name);
    const samples = random(frameBytes(format, WIDTH, HEIGHT) / format.bytesPerSample, 2 ** format.bits - 1);
    const raw = format.bytesPerSample === 1 ? Uint8Array.from(samples) : words(samples);
    const turn: Turn = { rotation: 90, mirrored: false };
    const frame = await through(name, raw, turn);
    assert.equal(frame.format.name, step);
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const [tx, ty] = moved(x, y, WIDTH, HEIGHT, turn);
        const u = samples[PIXELS + y * (WIDTH >> shift) + (x >> shift)];
        assert.equal(frame.planes[0]!.data[ty * HEIGHT + tx], samples[y * WIDTH + x]);
        assert.equal(frame.planes[1]!.data[ty * HEIGHT + tx], u, `${name} u ${x},${y}`);
      }
    }
  }
});
