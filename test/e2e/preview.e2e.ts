/** The program monitor shows the right pictures: each against the frame that ffmpeg decodes. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { applyChanges } from '../../app/core/sequence/apply.ts';
import { changeSettings, setSpeed } from '../../app/core/sequence/edits.ts';
import { skipWithoutChromium } from '../support/chromium.ts';
import { ffmpegOutput } from '../support/clips.ts';
import { measureSeeks } from '../support/preview-figures.ts';
import { canvasPixels, ffmpegPixels, openInEditor, psnr, untilShown, withChunk } from '../support/preview-page.ts';
import { openStudioPage, type StudioPage } from '../support/studio-page.ts';
import { ONLY_LONG } from '../support/few.ts';

const BT709 = '-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv'.split(' ');
/** Of ffmpeg's pictures to compare with. The second film does not say its colours: by its size they are BT.601's. */
const MATRIX = { 'film.mp4': 'bt709', 'film.mov': 'bt601' } as const;

/**
 * Two seconds of moving detail and sound. Soft: chroma at half size is made whole in several ways, which agree but at hard edges of pure colour.
 */
function makeFilm(name: keyof typeof MATRIX, folder: string, codec: string): string {
  const path = join(folder, name);
  const matrix = MATRIX[name];
  const pictures = `testsrc2=size=640x360:rate=24000/1001:duration=2.002,gblur=sigma=2,scale=out_color_matrix=${matrix}:out_range=tv`;
  const sound = 'sine=frequency=440:duration=2.002:sample_rate=48000';
  const tags = matrix === 'bt709' ? BT709 : [];
  ffmpegOutput(
    '-f',
    'lavfi',
    '-i',
    pictures,
    '-f',
    'lavfi',
    '-i',
    sound,
    ...codec.split(' '),
    ...tags,
    '-c:a',
    'aac',
    path,
  );
  return path;
}

/** A thumbnail or waveform that is asked for before it is made is no error. */
function isOurs(error: string): boolean {
  return !/404/.test(error);
}

/** Presses a key so often, each time waiting for the frame. */
async function step(studio: StudioPage, key: string, from: number, times: number): Promise<void> {
  const by = key === 'ArrowRight' ? 1 : -1;
  for (let i = 1; i <= times; i++) {
    await studio.page.keyboard.press(key);
    await untilShown(studio, from + i * by);
  }
}

describe('preview', { skip: skipWithoutChromium() }, () => {
  let folder = '';
  let film = '';
  let prores = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inbetween-preview-'));
    film = makeFilm('film.mp4', folder, '-c:v libx264 -preset veryfast -crf 12 -g 24 -bf 2 -pix_fmt yuv420p');
    prores = makeFilm('film.mov', folder, '-c:v prores_ks -profile:v 3 -pix_fmt yuv422p10le');
  });
  after(async () => await rm(folder, { recursive: true, force: true }));

  test('H.264 as it is and ProRes by its proxy, frame for frame, there and back', async () => {
    await using studio = await openStudioPage({ folders: [folder] });
    const { project, ids } = await openInEditor(studio, [film, prores]);
    const clips = await studio.call('library.get', { ids });
    assert.deepEqual(
      clips.map(({ proxy }) => proxy),
      ['unneeded', 'ready'],
    );
    const second = Object.values(project.state.clips).find(({ media }) => media === ids[1])!.start;
    for (const [path, start, matrix] of [
      [film, 0, 'bt709'],
      [prores, second, 'bt601'],
    ] as const) {
      await studio.page.keyboard.press('Home');
      if (start > 0) await studio.page.keyboard.press('ArrowDown');
      await untilShown(studio, start);
      const there: Buffer[] = [];
      for (let k = 0; k <= 10; k++) {
        const shown = await canvasPixels(studio);
        there.push(Buffer.from(shown.rgb));
        const ratio = psnr(shown, ffmpegPixels(path, k, shown, matrix));
        assert.ok(ratio >= 30, `frame ${k} of ${path}: ${ratio.toFixed(1)} dB`);
        if (k > 0) assert.ok(!there[k]!.equals(there[k - 1]!), `frame ${k} is another than the one before`);
        if (k < 10) await step(studio, 'ArrowRight', start + k, 1);
      }
      for (let k = 9; k >= 0; k--) {
        await step(studio, 'ArrowLeft', start + k + 1, 1);
        const shown = await canvasPixels(studio);
        assert.ok(there[k]!.equals(Buffer.from(shown.rgb)), `back at frame ${k} the picture is the same`);
      }
    }
    assert.deepEqual(studio.errors.filter(isOurs), []);
  });

  test('retimed: real frames are the source’s, synthesised ones those of the chunk', async () => {
    await using studio = await openStudioPage({ folders: [folder] });
    const { project } = await openInEditor(studio, [film], async (opened) => {
      const [id] = Object.keys(opened.state.clips);
      const edit = { label: 'Speed', changes: setSpeed(opened.state, id!, 0.5) };
      await studio.call('project.edit', { id: opened.id, version: opened.version, edit });
    });
    const [clip] = Object.keys(project.state.clips);
    await studio.page.keyboard.press('ArrowRight');
    await untilShown(studio, 1);
    const answer = await studio.call('preview.clip', { project: project.id, clip: clip! });
    assert.equal(answer.state, 'ready');
    const chunk = answer.state === 'ready' ? answer.preview.chunks[0]! : undefined;
    assert.ok(chunk?.ready);
    const between = await canvasPixels(studio);
    const rendered = await withChunk(studio, chunk.key, (path) => ffmpegPixels(path, 1, between));
    assert.ok(psnr(between, rendered) >= 30, `synthesised: ${psnr(between, rendered)} dB`);
    await step(studio, 'ArrowRight', 1, 1);
    const real = await canvasPixels(studio);
    const source = ffmpegPixels(film, 1, real);
    assert.ok(psnr(real, source) >= 30, `real: ${psnr(real, source)} dB`);
    assert.ok(psnr(between, source) < psnr(real, source), 'the synthesised one is another picture');

    // In another shape every chunk is another: the page forgets those it has and has them made.
    const { id, version, state } = project;
    const keys = async (): Promise<string[] | undefined> => {
      const now = await studio.call('preview.clip', { project: id, clip: clip! });
      if (now.state !== 'ready' || !now.preview.chunks.every(({ ready }) => ready)) return undefined;
      return now.preview.chunks.map(({ key }) => key);
    };
    const allRendered = async (): Promise<string[] | undefined> => {
      for (let tries = 0; tries < 150; tries++) {
        const found = await keys();
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return undefined;
    };
    const old = state.clips[clip!]!;
    const quick = { kind: 'clip' as const, id: old.id, before: old, after: { ...old, engine: 'blend' } };
    const edited = await studio.call('project.edit', { id, version, edit: { label: 'Engine', changes: [quick] } });
    const earlier = await allRendered();
    const changes = changeSettings(applyChanges(state, [quick]), { ...state.settings, width: state.settings.height });
    await studio.call('project.edit', { id, version: edited.version, edit: { label: 'Square', changes } });
    const made = await allRendered();
    assert.ok(earlier, 'all chunks are made');
    assert.ok(made, 'all chunks of the new shape are made');
    assert.ok(!made.some((key) => earlier.includes(key)));
  });

  test('playing goes by the clock, J goes back, and seeks end where they should', async () => {
    await using studio = await openStudioPage({ folders: [folder] });
    await openInEditor(studio, [film]);
    const { page } = studio;
    const shown = async (): Promise<number> =>
      Number(await page.locator('canvas[aria-label="Preview of the sequence"]').getAttribute('data-frame'));
    await page.keyboard.press('Space');
    await page.waitForTimeout(1000);
    await page.keyboard.press('KeyK');
    const after1 = await shown();
    assert.ok(after1 >= 14 && after1 <= 34, `after a second at 24 frames a second: ${after1}`);
    await page.keyboard.press('KeyJ');
    await page.waitForTimeout(400);
    await page.keyboard.press('KeyK');
    const back = await shown();
    assert.ok(back < after1, `${back} is before ${after1}`);
    const times = await measureSeeks(studio, 5);
    assert.ok(
      times.every((time) => time > 0 && time < 2000),
      `${times}`,
    );
    await page.keyboard.press('End');
    await untilShown(studio, 47);
    assert.deepEqual(studio.errors.filter(isOurs), []);
  });

  const shared = process.env['INBETWEEN_SHARED'] ?? '';
  const odd = join(shared, 'clips', 'odd', 'MasterSelects__test_prores.mov');
  const skip = shared !== '' && existsSync(odd) ? false : 'no clips here (INBETWEEN_SHARED)';
  test('ProRes of 1080p from elsewhere', { skip: skip || ONLY_LONG }, async () => {
    await using studio = await openStudioPage();
    await openInEditor(studio, [odd]);
    await step(studio, 'ArrowRight', 0, 3);
    const seen = await canvasPixels(studio);
    const ratio = psnr(seen, ffmpegPixels(odd, 3, seen));
    assert.ok(ratio >= 30, `${ratio.toFixed(1)} dB`);
  });
});
