/** How long a seek takes: from pressing the mouse on the ruler to that frame's picture on the canvas, as the page's own clock says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ffmpegOutput } from './clips.ts';
import { openInEditor } from './preview-page.ts';
import { openStudioPage, type StudioPage } from './studio-page.ts';

export interface SeekFigure {
  clip: string;
  /** Played as it is, or from its proxy. */
  played: 'source' | 'proxy';
  seeks: number;
  /** Milliseconds. */
  medianMs: number;
  p95Ms: number;
  worstMs: number;
}

/** The clips that are measured: 5 s of moving detail at 1080p, 24 frames a second. */
export const SEEK_CLIPS: Readonly<Record<string, readonly string[]>> = {
  'H.264 1080p, a keyframe every 48 frames': h264(48),
  'H.264 1080p, a keyframe every 12 frames': h264(12),
  'ProRes 422 HQ 1080p': ['-c:v', 'prores_ks', '-profile:v', '3', '-pix_fmt', 'yuv422p10le', 'prores.mov'],
};

function h264(key: number): string[] {
  const keyed = ['-g', String(key), '-keyint_min', String(key), '-sc_threshold', '0'];
  return [...'-c:v libx264 -preset superfast -crf 20 -pix_fmt yuv420p'.split(' '), ...keyed, `h264-${key}.mp4`];
}

/** Makes each clip, opens it in an editor of its own and seeks on it. */
export async function measureAllSeeks(
  seeks = 40,
  host: 'serve' | 'double' = 'serve',
  which: readonly string[] = Object.keys(SEEK_CLIPS),
): Promise<SeekFigure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-seeks-'));
  try {
    const figures: SeekFigure[] = [];
    for (const clip of which) {
      const codec = SEEK_CLIPS[clip]!;
      const path = join(folder, codec.at(-1)!);
      const source = 'testsrc2=size=1920x1080:rate=24:duration=5,noise=alls=4:allf=t,format=yuv420p';
      ffmpegOutput('-f', 'lavfi', '-i', source, ...codec.slice(0, -1), '-y', path);
      await using studio = await openStudioPage({ host, folders: [folder] });
      const { ids } = await openInEditor(studio, [path]);
      const [details] = await studio.call('library.get', { ids });
      const played = details?.proxy === 'ready' ? 'proxy' : 'source';
      figures.push({ clip, played, ...summary(await measureSeeks(studio, seeks)) });
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Seeks to places all over the one clip, none near the last; milliseconds of each. The editor is open and stands still. */
export async function measureSeeks({ page }: StudioPage, seeks: number): Promise<number[]> {
  await page.keyboard.press('Shift+KeyZ');
  await page.waitForTimeout(300);
  const ruler = await page.locator('.ruler').first().boundingBox();
  if (!ruler) throw new Error('There is no ruler.');
  // Not all of the ruler need be above the clip; past its end every place is the same frame.
  const clip = await page.locator('[data-track] [data-clip]').first().boundingBox();
  if (!clip) throw new Error('There is no clip.');
  // A seek to the frame that is shown already would show nothing new.
  await page.keyboard.press('Home');
  await page.waitForTimeout(500);
  await page.evaluate(watchSeeks);
  const times: number[] = [];
  for (let i = 0; i < seeks; i++) {
    // The golden ratio: evenly spread, and far from the place before.
    const at = 0.02 + 0.9 * ((i * 0.618_033_988_7 + 0.3) % 1);
    await page.mouse.click(clip.x + clip.width * at, ruler.y + ruler.height / 2);
    const time = await page.evaluate(() => (globalThis as unknown as { seek: () => Promise<number> }).seek());
    times.push(time);
    // As somebody would who looks at it; frames beside it are decoded meanwhile.
    await page.waitForTimeout(150);
  }
  return times;
}

/** In the page: `seek()` resolves to the milliseconds from the last pointerdown to the frame that followed it. */
function watchSeeks(): void {
  const canvas = document.querySelector('canvas[aria-label="Preview of the sequence"]')!;
  let [pressed, shown] = [0, 0];
  let wake = (): void => {};
  document.addEventListener('pointerdown', (event) => ([pressed, shown] = [event.timeStamp, 0]), true);
  new MutationObserver(() => {
    shown ||= performance.now();
    wake();
  }).observe(canvas, { attributes: true, attributeFilter: ['data-frame'] });
  (globalThis as unknown as { seek: () => Promise<number> }).seek = async () => {
    const late = new Promise<void>((resolve) => setTimeout(resolve, 5000));
    if (shown === 0) await Promise.race([new Promise<void>((resolve) => (wake = resolve)), late]);
    return (shown || performance.now()) - pressed;
  };
}

function summary(times: readonly number[]): Omit<SeekFigure, 'clip' | 'played'> {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (q: number): number => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
  return { seeks: sorted.length, medianMs: at(0.5), p95Ms: at(0.95), worstMs: at(1) };
}
