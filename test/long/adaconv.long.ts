/** What AdaConv costs a megapixel, and that its memory does not grow with the taps. Weights are random: time does not depend on them. */
import assert from 'node:assert/strict';
import { availableParallelism, loadavg } from 'node:os';
import { test } from 'node:test';
import { OFFICIAL, type AdaconvConfig } from '../../app/core/engines/adaconv/config.ts';
import { AdaconvNetwork } from '../../app/core/engines/adaconv/run.ts';
import { noise, seeded } from '../core/engines/adaconv/support.ts';
import { writeEvidence } from '../support/evidence.ts';

/** The sizes of the embedded model. */
const COMPACT: AdaconvConfig = {
  ...OFFICIAL,
  filters: [8, 8, 16, 16, 32, 32, 64, 96, 2 * 25 ** 2],
  kernel: 25,
  range: 1,
  channels: 'rgb',
};

/** Seconds a megapixel, by the clock and of processor time, and megabytes of resident memory above what was there before. */
async function cost(config: AdaconvConfig, width: number, height: number, threads: number, runs: number) {
  const megapixels = (width * height) / 1e6;
  const weights = seeded(config, 1);
  const idle = process.memoryUsage().rss;
  let peak = idle;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50);
  await using network = await AdaconvNetwork.open(config, weights, { width, height, threads });
  const b = noise(width, height, 2);
  const best = { seconds: Infinity, processorSeconds: Infinity };
  for (let run = 0; run < runs; run++) {
    const a = noise(width, height, run);
    const [clock, used] = [performance.now(), process.cpuUsage()];
    await network.between(a, b, 0.5);
    const { user, system } = process.cpuUsage(used);
    best.seconds = Math.min(best.seconds, (performance.now() - clock) / 1e3 / megapixels);
    best.processorSeconds = Math.min(best.processorSeconds, (user + system) / 1e6 / megapixels);
  }
  clearInterval(timer);
  const rounded = (value: number): number => Number(value.toPrecision(3));
  return {
    size: `${width}x${height}`,
    threads,
    secondsPerMegapixel: rounded(best.seconds),
    processorSecondsPerMegapixel: rounded(best.processorSeconds),
    megabytesAboveIdle: Math.round((peak - idle) / 2 ** 20),
  };
}

test('seconds a megapixel and megabytes, compact and published', async () => {
  const all = availableParallelism();
  const compact = [await cost(COMPACT, 640, 360, 1, 2), await cost(COMPACT, 640, 360, all, 2)];
  const large = await cost(COMPACT, 1920, 1080, all, 1);
  const published = [await cost(OFFICIAL, 96, 96, 1, 1), await cost(OFFICIAL, 96, 96, all, 1)];
  writeEvidence('adaconv', { load: loadavg()[0], compact: [...compact, large], published });
  // All taps of this picture together would take 2 * 25 * 25 * 4 bytes a pixel: 10 GB.
  assert.ok(large.megabytesAboveIdle < 1000, `${large.megabytesAboveIdle} MB`);
});
