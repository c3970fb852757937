/** Pictures made in tiles against the same made whole, on footage: how far they are from each other where tiles meet. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { filmBytes } from '../../app/core/engines/film/memory.ts';
import { readFilm } from '../../app/core/engines/film/weights.ts';
import { glideBytes } from '../../app/core/engines/glide/open.ts';
import { DRAFT, STANDARD } from '../../app/core/engines/glide/settings.ts';
import { sepconvBytes } from '../../app/core/engines/sepconv/index.ts';
import { readSepconv } from '../../app/core/engines/sepconv/weights.ts';
import { planShrunk, type Tiling } from '../../app/core/engines/tiles.ts';
import { openCheckpoint } from '../../app/core/import/registry.ts';
import { frameBytes, frameFromBytes, type Frame } from '../../app/core/media/frame.ts';
import { pixelFormat } from '../../app/core/media/pixel-format.ts';
import { FIGURE } from '../guarantees/promise.ts';
import { ffmpegOutput } from '../support/clips.ts';
import { root, shared } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { middle, seams, type Seams } from '../support/seams.ts';

const FORMAT = pixelFormat('yuv420p');
/** Hand-held, animation, traffic. Frame numbers at which something moves. */
const CLIPS: readonly (readonly [name: string, frame: number])[] = [
  ['testdata_video-1080p-60fps-2s-273.mp4', 10],
  ['shared-assets_bug-video-640-036.mp4', 10],
  ['mmflow_demo-141.mp4', 10],
];

interface Case {
  readonly engine: string;
  readonly size: readonly [number, number];
  readonly shrink: number;
  readonly clips: number;
  readonly bytes: () => Promise<Tiling['bytes']>;
}

const weights = (model: string) => openCheckpoint(join(root, 'models', model, 'weights.safetensors'));

async function filmTiling(): Promise<Tiling['bytes']> {
  await using checkpoint = await weights('film');
  const { config } = await readFilm(checkpoint);
  return (_, width, height) => filmBytes(config, width, height);
}

async function sepconvTiling(): Promise<Tiling['bytes']> {
  await using checkpoint = await weights('sepconv');
  const { config } = await readSepconv(checkpoint);
  return (_, width, height) => sepconvBytes(config, width, height);
}

const glideTiling = (settings: typeof STANDARD) => async (): Promise<Tiling['bytes']> => {
  return (format, width, height) => glideBytes(format, width, height, settings);
};

const CASES: readonly Case[] = [
  { engine: 'glide', size: [1920, 1080], shrink: 2, clips: 3, bytes: glideTiling(STANDARD) },
  { engine: 'glide', size: [1920, 1080], shrink: 4, clips: 3, bytes: glideTiling(STANDARD) },
  { engine: 'glide:draft', size: [1920, 1080], shrink: 2, clips: 3, bytes: glideTiling(DRAFT) },
  { engine: 'film', size: [960, 540], shrink: 2, clips: 2, bytes: filmTiling },
  { engine: 'sepconv', size: [640, 360], shrink: 2, clips: 2, bytes: sepconvTiling },
];

/** Two frames of a clip, next to each other. */
function pair([name, at]: readonly [string, number], [width, height]: readonly [number, number]): [Frame, Frame] {
  const filter = `select='eq(n,${at})+eq(n,${at + 1})',scale=${width}:${height}:flags=lanczos`;
  const input = ['-i', join(shared!, 'clips', 'train', name), '-vf', filter, '-vsync', '0', '-frames:v', '2'];
  const raw = ffmpegOutput(...input, '-pix_fmt', 'yuv420p', '-f', 'rawvideo', '-');
  const bytes = frameBytes(FORMAT, width, height);
  const frame = (n: number): Frame => {
    const data = new Uint8Array(raw.subarray(n * bytes, (n + 1) * bytes));
    return frameFromBytes(FORMAT, width, height, data, n, n * 100);
  };
  return [frame(0), frame(1)];
}

const measured: (Record<string, unknown> & Seams)[] = [];
after(() => writeEvidence('tiles', { unit: '8-bit code values, of all planes, where tiles overlap', measured }));

for (const { engine, size, shrink, clips, bytes } of CASES)
  test(
    `${engine} in tiles of 1/${shrink} of the memory`,
    { skip: !shared && 'INBETWEEN_SHARED is not set' },
    async (t) => {
      const [width, height] = size;
      const tiling = { bytes: await bytes(), maxBytes: 2 ** 40 };
      const plan = planShrunk(FORMAT, width, height, tiling, shrink);
      assert.ok(plan.x.starts.length * plan.y.starts.length > 1);
      for (const clip of CLIPS.slice(0, clips)) {
        const [a, b] = pair(clip, size);
        const found = seams(await middle(engine, a, b, 1), await middle(engine, a, b, shrink), plan);
        measured.push({ engine, size: `${width}x${height}`, clip: clip[0], ...found });
        const { mean, max, overOne, step, tiles } = found;
        t.diagnostic(
          `${FIGURE}${engine}, ${width}x${height} in ${tiles}: ${mean.toFixed(3)} code values off on average where tiles meet ` +
            `(${overOne.toFixed(2)} % by more than one, ${max} at most), no edge stronger than ${step.toFixed(2)}`,
        );
        assert.ok(mean < 1, `${engine} ${clip[0]}: ${mean}`);
        assert.ok(step < 1, `${engine} ${clip[0]}: an edge of ${step}`);
      }
    },
  );

test('AdaConv’s tiles show in no byte', { skip: !shared && 'INBETWEEN_SHARED is not set' }, async () => {
  const [a, b] = pair(CLIPS[0]!, [160, 90]);
  const [whole, small] = [await middle('adaconv', a, b, 1), await middle('adaconv', a, b, 8)];
  whole.planes.forEach(({ data }, n) => assert.deepEqual(data, small.planes[n]!.data));
});
