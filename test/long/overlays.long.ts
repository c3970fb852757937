/** What the mask of still parts is worth over titles, subtitles, displays and bars, that it harms nothing else, and how well cadences are found. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { FIGURE } from '../guarantees/promise.ts';
import { root, start, tempFolder } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import type { CadenceScore } from '../../app/core/score/cadence.ts';
import type { OverlayRow } from '../../app/core/score/overlays.ts';

const shared = process.env['INBETWEEN_SHARED'];
const skip = shared ? false : 'INBETWEEN_SHARED is not set: no clips to draw over';
const clips = shared ? join(shared, 'clips', 'train') : '';

async function printed<T>(t: TestContext, words: readonly string[]): Promise<T> {
  const run = await start(join(tempFolder(t), 'home'), [...words, '--json']).done;
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as T;
}

test(
  'titles and displays over a pan lose at least half of what the engine does to them; the rest stays',
  { skip },
  async (t) => {
    const words = ['score', '--overlays', clips, '--engines', 'glide', '--clips', '2', '--speeds', '6'];
    const score = await printed<{ clips: string[]; rows: OverlayRow[] }>(t, words);
    const figures = score.rows
      .filter(({ overlay }) => ['title', 'small text', 'display'].includes(overlay))
      .map(({ overlay, coded, without, with: masked }) => {
        const [bare, kept, best] = [without.over, masked.over, coded].map(({ psnr }) => psnr.toFixed(2));
        return `${overlay}: ${bare} dB without, ${kept} dB with the mask, ${best} as it is coded`;
      });
    writeEvidence('overlays', {
      figures,
      command: `inbetween ${words.join(' ').replace(clips, 'clips/train')}`,
      ...score,
    });
    for (const { overlay, without, with: masked, coded } of score.rows) {
      const harm = without.rest.psnr - masked.rest.psnr;
      // What this loses where nothing stands still is why the mask is not looked for unless asked (UNLESS_GIVEN in mask/real-parts.ts).
      assert.ok(harm < 0.1, `${overlay}: the rest loses ${harm} dB`);
      if (overlay === 'none') continue;
      const gain = masked.over.psnr - without.over.psnr;
      const room = coded.psnr - without.over.psnr;
      t.diagnostic(
        `${FIGURE}${overlay}: ${gain.toFixed(2)} dB of ${room.toFixed(2)} that there are; the rest ${(-harm).toFixed(3)} dB`,
      );
      assert.ok(gain > -0.05, `${overlay} loses ${-gain} dB`);
      if (overlay === 'title') assert.ok(gain > 0.5 * room, `title: ${gain} of ${room} dB`);
      if (overlay === 'display') assert.ok(gain > 2, `display: ${gain} dB`);
    }
  },
);

test('pictures without overlays are the same within 0.02 dB', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'inbetween-overlays-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const from = join(root, 'test', 'dev');
  const entries = JSON.parse(readFileSync(join(from, 'protocol.json'), 'utf8')) as { video: string }[];
  // The protocol names clips beside the repository.
  const some = entries
    .filter((_, i) => i % 8 === 0)
    .map((one) => ({ ...one, set: 'dev', video: resolve(from, one.video) }));
  const protocol = join(folder, 'protocol.json');
  writeFileSync(protocol, JSON.stringify(some));
  type Sets = { sets: Record<string, { n: number; glide: { psnr: number } }> };
  const psnr: number[] = [];
  for (const mask of ['off', 'auto']) {
    const { sets } = await printed<Sets>(t, ['score', protocol, '--engines', 'glide', '--mask', mask]);
    psnr.push(sets['dev']!.glide.psnr);
  }
  writeEvidence('mask-harm', { protocol: 'every 8th of test/dev', triplets: some.length, off: psnr[0], auto: psnr[1] });
  t.diagnostic(`${FIGURE}${some.length} triplets: ${psnr[0]} dB without, ${psnr[1]} dB with the mask`);
  assert.ok(Math.abs(psnr[1]! - psnr[0]!) <= 0.02, `${psnr[0]} dB becomes ${psnr[1]} dB`);
});

test(
  'cadences are found, and frames made across repeats come nearer to the truth than repeats',
  { skip },
  async (t) => {
    const words = ['shots', '--cadence', clips, '--clips', '3'];
    const score = await printed<CadenceScore>(t, words);
    writeEvidence('cadence', { command: `inbetween ${words.join(' ').replace(clips, 'clips/train')}`, ...score });
    for (const { shown, crf, clips: of, right, left, across, deleted } of score.rows) {
      t.diagnostic(
        `${FIGURE}${shown}, CRF ${crf}: ${right} of ${of} found; ${left.toFixed(2)} dB left, ${across.toFixed(2)} across, ${deleted.toFixed(2)} deleted`,
      );
      if (crf < 30) assert.ok(right >= 0.8 * of || of - right <= 1, `${shown} at CRF ${crf}: ${right} of ${of}`);
      assert.ok(across >= left - 0.05, `${shown} at CRF ${crf} loses ${left - across} dB`);
    }
  },
);
