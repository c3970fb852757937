import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openApp } from '../../../app/core/app.ts';
import { runDemo } from '../../../app/core/demo/run.ts';
import { tempFolder } from '../../support/command.ts';
import { ONLY_LONG } from '../../support/few.ts';

test(
  'the demo slows a clip by the real job and comes nearer to the truth than blending',
  { skip: ONLY_LONG },
  async (context) => {
    const folder = tempFolder(context);
    await using app = await openApp({ library: join(folder, 'library') });
    const stages: string[] = [];
    const result = await runDemo({
      folder: join(folder, 'out'),
      slowmo: (spec, options) => app.run(spec, options),
      onStage: (sentence) => stages.push(sentence),
      frames: 6,
    });
    assert.deepEqual(Object.keys(result), ['psnrGlide', 'psnrBlend', 'video', 'sheet']);
    assert.ok(result.psnrBlend > 15 && result.psnrBlend < 30, `blend ${result.psnrBlend} dB`);
    assert.ok(result.psnrGlide > result.psnrBlend + 6, `glide ${result.psnrGlide} dB, blend ${result.psnrBlend} dB`);
    assert.ok(existsSync(result.video));
    const png = readFileSync(result.sheet);
    // IHDR: three tiles of 416 and six of 234 with gaps of 6.
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [3 * 422 + 6, 6 * 240 + 6]);
    assert.equal(stages.length, 3);
  },
);
