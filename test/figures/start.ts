/** From starting the process to a window that can be used: its first view drawn, with the library's clips in it. */
import { openStudioPage } from '../support/studio-page.ts';
import { median } from './statistics.ts';

export interface StartFigure {
  host: 'serve' | 'double';
  runs: number;
  /** Milliseconds; the browser's own start is among them. */
  medianMs: number;
  worstMs: number;
}

/** `home` holds a library with clips, so that there is something to draw. */
export async function measureStart(host: 'serve' | 'double', home: string, runs = 5): Promise<StartFigure> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const begun = performance.now();
    const studio = await openStudioPage({ host, home });
    await studio.page.waitForSelector('[role=option]');
    times.push(performance.now() - begun);
    await studio[Symbol.asyncDispose]();
  }
  return { host, runs, medianMs: median(times), worstMs: Math.max(...times) };
}
