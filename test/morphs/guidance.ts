/**
 * Guidance against naive enlarging: the picture docs/morphs/guidance.jpg, and what guidance itself loses.
 *
 * [Note: true guides] A network's small picture is wrong in its own ways. To see the method alone, the true frame at 64 pixels takes the network's place: enlarged
 * it shows the best that naive enlarging could ever do, and as the guide of both stills (`fieldsOf`) what guidance makes of a perfect network.
 */
import { join } from 'node:path';
import { enlarge } from '../../app/core/engines/guide/enlarge.ts';
import { fieldsOf } from '../../app/core/engines/guide/match.ts';
import { reduce } from '../../app/core/engines/guide/reduce.ts';
import { renderGuided } from '../../app/core/engines/guide/render.ts';
import { gmsd, psnr, ssim } from '../../app/core/score/metrics.ts';
import { readProtocol } from '../../app/core/score/protocol.ts';
import type { Rgb8 } from '../../app/core/score/rgb.ts';
import { Videos } from '../../app/core/score/samples.ts';
import { pictureOf, windowsOf, type Window } from '../../app/core/score/windows.ts';
import { filled } from './fill.ts';
import { cut, rounded, writeSheet } from './pictures.ts';

const SMALL = 64;
/** Windows shown, and the frame of the sixteen. */
const SHOWN = ['yoga', 'juggle'];
const FRAME = 6;

async function windows(protocol: string): Promise<Window[]> {
  const items = (await readProtocol(protocol)).filter((item) => item.kind === 'window');
  const all: Window[] = [];
  for await (const window of windowsOf(items, new Videos())) all.push(window);
  return all;
}

/** [Note: true guides]: the true frame at 64 pixels enlarged, and as the guide. */
function trueGuide({ frames }: Window, n: number): { readonly enlarged: Rgb8; readonly guided: Rgb8 } {
  const [first, last, truth] = [frames[0]!, frames.at(-1)!, frames[n]!].map(pictureOf);
  const { width, height } = truth!;
  const [a, b, between] = [first!, last!, truth!].map((picture) => reduce(picture, SMALL, SMALL));
  const fields = fieldsOf({ first: a!, last: b!, between: between! }, n / (frames.length - 1));
  return {
    enlarged: rounded(width, height, enlarge(between!, width, height)),
    guided: rounded(width, height, renderGuided(first!, last!, fields)),
  };
}

export async function trueGuides(protocol: string): Promise<string> {
  const found = { enlarged: [0, 0, 0], guided: [0, 0, 0] };
  let n = 0;
  for (const window of await windows(protocol)) {
    for (let i = 1; i < window.frames.length - 1; i++, n++) {
      const made = trueGuide(window, i);
      for (const way of ['enlarged', 'guided'] as const)
        [psnr, ssim, gmsd].forEach((measure, k) => (found[way][k]! += measure(made[way], window.frames[i]!)));
    }
  }
  const row = (name: string, sums: readonly number[]): string => {
    const [p, s, g] = sums.map((sum) => sum / n);
    return `${name.padEnd(42)} ${p!.toFixed(2)}  ${s!.toFixed(4)}  ${g!.toFixed(4)}`;
  };
  return [
    `${`${n} frames of 256 pixels`.padEnd(42)}  PSNR    SSIM    GMSD`,
    row('the true frame at 64 pixels, enlarged', found.enlarged),
    row('the true frame at 64 pixels as the guide', found.guided),
  ].join('\n');
}

/** A row for each window: truth, true guide enlarged and guiding, cvi enlarged and guiding; the middle of each picture. */
export async function writeGuidance(protocol: string, folder: string): Promise<void> {
  const rows: Rgb8[][] = [];
  for (const window of await windows(protocol)) {
    if (!SHOWN.some((name) => window.id.includes(name))) continue;
    const { frames } = window;
    const { enlarged, guided } = trueGuide(window, FRAME);
    const own = [];
    for (const engine of ['cvi:enlarged', 'cvi'])
      own.push((await filled(engine, frames[0]!, frames.at(-1)!, frames.length - 2))[FRAME]!);
    rows.push([frames[FRAME]!, enlarged, guided, ...own].map((picture) => cut(picture, 28, 28, 200, 200)));
  }
  await writeSheet(join(folder, 'guidance.jpg'), rows);
  console.log('guidance.jpg: truth; true frame at 64 enlarged, and as guide; cvi enlarged, and guided');
}
