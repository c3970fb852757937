/** Awkward files in the library: each is ready with its pictures, or refused with a sentence. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { workLeft } from '../../../app/core/library/clip-rows.ts';
import { capabilities } from '../../../app/core/media/capabilities.ts';
import { clipFiles } from '../../../app/core/clips/thumbnails.ts';
import { readStill } from '../../../app/core/media/stills.ts';
import { openTestLibrary } from '../../support/library.ts';
import { ALL, FEWEST, NEEDS_DECODER, ODD, oddFolder, REFUSED } from '../../support/odd.ts';

const PROBLEMS: Record<string, RegExp> = { 'no-video': /no video/, 'no-frames': /damaged or encrypted/ };
/** Upright: the sides of one picture of the sprite. */
const UPRIGHT: Record<string, [number, number]> = {
  'media__portrait_4k60.mp4': [108, 192],
  'decord__video_90.mov': [108, 192],
  'mediabunny__sar_2x1.mp4': [192, 54],
};

const home = mkdtempSync(join(tmpdir(), 'inbetween-odd-clips-'));
after(() => rmSync(home, { recursive: true, force: true }));
const files = ALL
  ? ODD.map(({ file }) => file)
  : [...new Set([...FEWEST, 'decord__video_90.mov', 'mediabunny__sar_2x1.mp4', 'media__dolbyVision-hdr.MOV'])];

test(
  `${ALL ? 'all' : 'a choice of'} odd files through the library`,
  { skip: oddFolder ? false : 'needs INBETWEEN_SHARED: the odd clips' },
  async () => {
    const { decodes } = await capabilities();
    await using library = await openTestLibrary(home);
    const report = await library.call('library.add', { paths: files.map((name) => join(oddFolder!, name)) });
    assert.deepEqual(report.refused, []);
    // Waveforms and hashes are not waited for.
    for (let left = 1; left > 0; await delay(50)) {
      const { probing, thumbnails } = workLeft(library.context.db);
      left = probing + thumbnails;
    }
    const { clips } = await library.call('library.query', { query: { order: 'name' }, offset: 0, limit: 100 });
    assert.deepEqual(clips.map(({ name }) => name).toSorted(), files.toSorted());
    for (const clip of clips) {
      const codec = NEEDS_DECODER[clip.name];
      const problem =
        PROBLEMS[REFUSED[clip.name] ?? ''] ?? (codec && !decodes.has(codec) ? /cannot decode/ : undefined);
      assert.equal(clip.state, problem ? 'refused' : 'ready', clip.name);
      if (problem) {
        assert.match(clip.problem!, problem);
        continue;
      }
      assert.ok(clip.thumbs >= 1 && clip.thumbs <= 24, `${clip.name}: ${clip.thumbs} pictures`);
      // A single frame has no rate.
      assert.ok(
        clip.thumbs === 1 || (clip.rate && clip.rate.num / clip.rate.den < 500),
        `${clip.name}: ${JSON.stringify(clip.rate)}`,
      );
      const upright = UPRIGHT[clip.name];
      if (!upright) continue;
      const { frame } = await readStill(clipFiles(library.context.home, clip.id).sprite);
      assert.deepEqual([frame.width / clip.thumbs, frame.height], upright, clip.name);
    }
    assert.ok(clips.some(({ hdr }) => hdr) && clips.some(({ vfr }) => vfr));
  },
);
