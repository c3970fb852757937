import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Interpolator } from '../../../../app/core/engines/engine.ts';
import { pictures } from '../../../../app/core/jobs/tasks/synthesis.ts';
import type { VideoInfo } from '../../../../app/contract/media.ts';
import { FrameReader } from '../../../../app/core/media/frame-reader.ts';
import { frameBytes, frameFromBytes, type Frame } from '../../../../app/core/media/frame.ts';
import { importMask, importMaskBytes, maskPath, paintedWeights } from '../../../../app/core/media/mask/painted.ts';
import { maskMark, planMask, RealParts } from '../../../../app/core/media/mask/real-parts.ts';
import { pixelFormat } from '../../../../app/core/media/pixel-format.ts';
import { packMasks, takeMasks } from '../../../../app/core/projects/interchange/masks.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-painted-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const masks = join(folder, 'masks');

function make(name: string, ...args: string[]): string {
  const path = join(folder, name);
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', ...args, path]);
  return path;
}
const half = make(
  'half.png',
  ...['-i', 'color=black:s=100x60,drawbox=x=0:y=0:w=50:h=60:color=white:t=fill'],
  ...['-frames:v', '1', '-pix_fmt', 'gray'],
);
/** The same in another pixel format. */
function as(format: string): string {
  const path = join(folder, `${format}.png`);
  execFileSync('ffmpeg', ['-v', 'error', '-i', half, '-pix_fmt', format, path]);
  return path;
}

test('a mask is kept by what it shows, stretched over any picture, and refused where it is none', async () => {
  const colour = as('rgba');
  const id = await importMask(masks, half);
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(await importMask(masks, colour), id, 'the same picture is the same mask');
  const { data } = await paintedWeights(masks, id, { width: 20, height: 8 });
  assert.deepEqual([...data.subarray(0, 20)], [...Array(10).fill(255), ...Array(10).fill(0)]);

  const film = make('film.mp4', '-i', 'testsrc2=s=64x64:d=0.2', '-threads', '1');
  const lie = join(folder, 'lie.png');
  writeFileSync(lie, Buffer.from('89504e470d0a1a0a0000000d49484452ffffffffffffffff0802000000', 'hex'));
  for (const path of [film, lie]) await assert.rejects(importMask(masks, path), { code: 'bad-mask' });
  await assert.rejects(importMask(masks, join(folder, 'none.png')), { code: 'not-found' });
  for (const bytes of [Buffer.from('<svg/>'), Buffer.alloc(0), Buffer.from('GIF89a')]) {
    await assert.rejects(importMaskBytes(masks, bytes), { code: 'bad-mask' });
  }
  assert.deepEqual(readdirSync(masks), [`${id}.png`], 'nothing else is left behind');
});

test('a mask that is not there, or is another than it was, is refused by name', async () => {
  const none = 'ab'.repeat(32);
  await assert.rejects(
    planMask({ auto: false, painted: none }, masks, 'title.mp4'),
    (error: Error & { code: string }) => {
      assert.equal(error.code, 'mask-missing');
      assert.match(error.message, /abababababab of title\.mp4 is not in this library/);
      return true;
    },
  );
  const id = await importMask(masks, half);
  const other = join(folder, 'changed');
  execFileSync('cp', ['-r', masks, other]);
  writeFileSync(maskPath(other, id), 'something else');
  await assert.rejects(paintedWeights(other, id, { width: 8, height: 8 }), { code: 'mask-missing' });
  assert.equal(await planMask({ auto: false }, masks, 'x'), undefined);
  const marks = [{ auto: true }, { auto: false, painted: id }, { auto: true, painted: id }];
  const keys = await Promise.all(marks.map(async (one) => JSON.stringify(maskMark(await planMask(one, masks, 'x')))));
  assert.equal(new Set(keys).size, 3, 'each choice has chunks of its own');
});

test('frames that any engine makes are the real ones where it is painted, before anything else is done to them', async () => {
  const size = { width: 16, height: 8 };
  const format = pixelFormat('yuv422p10le');
  const frame = (value: number, index: number): Frame => {
    const bytes = new Uint8Array(frameBytes(format, size.width, size.height));
    const made = frameFromBytes(format, size.width, size.height, bytes, index, index);
    for (const { data } of made.planes) data.fill(value);
    return made;
  };
  const frames = [frame(400, 0), frame(404, 1)];
  const reader = (): FrameReader =>
    new FrameReader({
      count: 2,
      keep: 3,
      async *open(first) {
        yield* frames.slice(first);
      },
    });
  const engine = {
    async *between() {
      yield { frame: frame(900, -1), confidence: 0.5 };
    },
  } as unknown as Interpolator;
  const id = await importMask(masks, half);
  const plan = (await planMask({ auto: false, painted: id }, masks, 'x'))!;
  const { signal } = new AbortController();
  const info = { video: size } as VideoInfo;
  await using parts = new RealParts(plan, { info, frames: 2, open: reader, signal });
  const wanted = [{ plan: { kind: 'between', a: 0, b: 1, num: 1, den: 2 } as const }];
  const source = { reader: reader(), engine: async () => engine, times: [0, 10], parts, signal };
  for await (const { frame: made } of pictures(wanted, source)) {
    for (const { data, width } of made.planes) {
      assert.deepEqual([...data.subarray(0, width)], [...Array(width / 2).fill(402), ...Array(width / 2).fill(900)]);
    }
  }
});

test('painted masks go with a project file and come back from it; one that did not come is taken off and told', async () => {
  const id = await importMask(join(folder, 'one', 'masks'), half);
  const clip = (painted: string) => ({ mask: { auto: true, painted } });
  const state = { clips: { a: clip(id), b: { name: 'plain' } } } as never;
  const packed = await packMasks({ path: join(folder, 'one', 'library.db') } as never, state);
  assert.deepEqual([Object.keys(packed.masks), packed.notes], [[id], []]);
  const there = { path: join(folder, 'two', 'library.db') } as never;
  const taken = await takeMasks(there, state, packed.masks);
  assert.deepEqual(taken, { state, notes: [] });
  assert.deepEqual(readdirSync(join(folder, 'two', 'masks')), [`${id}.png`]);
  const lost = await takeMasks(there, { clips: { a: clip('cd'.repeat(32)) } } as never, {});
  assert.deepEqual(lost.state.clips, { a: { mask: { auto: true } } });
  assert.deepEqual(lost.notes, ['1 painted mask did not come with it: paint them again.']);
});
