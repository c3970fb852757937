/**
 * The longest time for which nobody answered during an export: in the page (its main thread) and in the host's process (Electron's main process, or the
 * server). The page is asked by its own timers; the host by calls, whose way back and forth is in the figure.
 */
import type { Page } from 'playwright-core';

export interface BlockFigure {
  /** Milliseconds; the longest gap of the page's 5 ms timer beyond its period. */
  pageMs: number;
  /** Milliseconds; the slowest of many calls that do nothing. */
  hostMs: number;
  hostP95Ms: number;
  calls: number;
}

/** Watches until `work` ends. */
export async function measureBlocks(page: Page, work: () => Promise<void>): Promise<BlockFigure> {
  await page.evaluate(() => {
    const watch = { longest: 0, stop: false, calls: [] as number[] };
    (globalThis as unknown as { watch: typeof watch }).watch = watch;
    let last = performance.now();
    const tick = (): void => {
      const now = performance.now();
      watch.longest = Math.max(watch.longest, now - last - 5);
      last = now;
      if (!watch.stop) setTimeout(tick, 5);
    };
    setTimeout(tick, 5);
    const { inbetween } = globalThis as unknown as {
      inbetween?: { invoke(method: string, params: unknown): Promise<unknown> };
    };
    const socket = inbetween ? undefined : new WebSocket(`ws://${location.host}/api`);
    const ask = async (): Promise<void> => {
      const begun = performance.now();
      if (inbetween) await inbetween.invoke('app.info', {});
      else {
        await new Promise<void>((resolve) => {
          const hear = ({ data }: MessageEvent<string>): void => {
            if (!data.includes('"id":77')) return;
            socket!.removeEventListener('message', hear);
            resolve();
          };
          socket!.addEventListener('message', hear);
          socket!.send('{"id":77,"method":"app.info","params":{}}');
        });
      }
      watch.calls.push(performance.now() - begun);
      if (watch.stop) socket?.close();
      else setTimeout(() => void ask(), 20);
    };
    if (socket) socket.addEventListener('open', () => void ask());
    else void ask();
  });
  await work();
  const { longest, calls } = await page.evaluate(() => {
    const { watch } = globalThis as unknown as { watch: { longest: number; stop: boolean; calls: number[] } };
    watch.stop = true;
    return watch;
  });
  const sorted = calls.toSorted((a, b) => a - b);
  return {
    pageMs: longest,
    hostMs: sorted.at(-1) ?? Number.NaN,
    hostP95Ms: sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN,
    calls: calls.length,
  };
}
