/** The program monitor as specs see it: what is on its canvas, which frame that is, and what ffmpeg says it should be. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProjectDocument } from '../../app/contract/project.ts';
import { ffmpegOutput } from './clips.ts';
import type { StudioPage } from './studio-page.ts';

const CANVAS = 'canvas[aria-label="Preview of the sequence"]';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Packed, 3 bytes a pixel. */
  readonly rgb: Uint8Array;
}

/** Waits until the clips' proxies are made, or none is needed. */
export async function proxiesMade({ call }: StudioPage, ids: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    const clips = await call('library.get', { ids: [...ids] });
    if (!clips.some(({ state, proxy }) => state === 'probing' || proxy === 'wanted' || proxy === 'making')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('proxies were not made within two minutes');
}

/** Adds files, makes a project of them one after the other, and opens it in the editor; the project as it is then, and the clips' ids. */
export async function openInEditor(
  studio: StudioPage,
  paths: readonly string[],
  before?: (project: ProjectDocument) => Promise<void>,
): Promise<{ project: ProjectDocument; ids: string[] }> {
  const { call, page } = studio;
  const { ids } = await call('library.add', { paths: [...paths] });
  await proxiesMade(studio, ids);
  const made = await call('project.create', { name: 'Preview' });
  const clips = ids.map((media) => ({ media }));
  await call('project.place', { id: made.id, version: made.version, clips, at: 0, how: 'append' });
  await before?.(await call('project.open', { id: made.id }));
  await page.evaluate((id) => (location.hash = `#/edit/${id}`), made.id);
  await page.waitForSelector(`${CANVAS}[data-frame="0"]`);
  return { project: await call('project.open', { id: made.id }), ids };
}

/** Resolves when the frame is on the canvas, without a badge unless one is allowed. */
export async function untilShown({ page }: StudioPage, frame: number, badge = false): Promise<void> {
  const selector = `${CANVAS}[data-frame="${frame}"]${badge ? '' : '[data-badge=""]'}`;
  await page.waitForSelector(selector, { timeout: 60_000 });
}

/** What is on the canvas. */
export async function canvasPixels({ page }: StudioPage): Promise<Pixels> {
  const { width, height, text } = await page.evaluate((selector) => {
    const canvas = document.querySelector<HTMLCanvasElement>(selector)!;
    const { width: w, height: h } = canvas;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, w, h);
    let binary = '';
    for (let at = 0; at < data.length; at += 32_768) binary += String.fromCharCode(...data.subarray(at, at + 32_768));
    return { width: w, height: h, text: btoa(binary) };
  }, CANVAS);
  const rgba = Buffer.from(text, 'base64');
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) rgb.set(rgba.subarray(4 * i, 4 * i + 3), 3 * i);
  return { width, height, rgb };
}

/** Frame `number` of a file by ffmpeg, at that size. `matrix`: what its colours are made with. */
export function ffmpegPixels(
  path: string,
  number: number,
  { width, height }: Omit<Pixels, 'rgb'>,
  matrix: 'bt709' | 'bt601' = 'bt709',
): Pixels {
  const size = `scale=${width}:${height}:flags=area+accurate_rnd+full_chroma_int:in_color_matrix=${matrix}`;
  const filter = `select=eq(n\\,${number}),${size}`;
  const raw = ['-frames:v', '1', '-vsync', 'passthrough', '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'];
  return { width, height, rgb: new Uint8Array(ffmpegOutput('-i', `file:${path}`, '-vf', filter, ...raw)) };
}

/** A chunk of the store, by its key, as a file while `use` runs. */
export async function withChunk<T>({ page, call }: StudioPage, key: string, use: (path: string) => T): Promise<T> {
  const { media } = await call('app.info', {});
  const text = await page.evaluate(async (path) => {
    const bytes = new Uint8Array(await (await fetch(path)).arrayBuffer());
    let binary = '';
    for (let at = 0; at < bytes.length; at += 32_768) binary += String.fromCharCode(...bytes.subarray(at, at + 32_768));
    return btoa(binary);
  }, `${media}chunk/${key}`);
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-chunk-'));
  try {
    const path = join(folder, 'chunk.mp4');
    await writeFile(path, Buffer.from(text, 'base64'));
    return use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Peak signal to noise, dB, over all samples. */
export function psnr(a: Pixels, b: Pixels): number {
  if (a.rgb.length !== b.rgb.length) throw new Error(`${a.rgb.length} and ${b.rgb.length} samples`);
  let sum = 0;
  for (let i = 0; i < a.rgb.length; i++) sum += (a.rgb[i]! - b.rgb[i]!) ** 2;
  return sum === 0 ? Infinity : 10 * Math.log10((255 * 255 * a.rgb.length) / sum);
}
