/** [Note: files that do not answer] An ffprobe that hangs, as it does on a drive that went away. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../app/contract/errors.ts';
import { forgetFfmpeg, locateFfmpeg } from '../../../app/core/media/ffmpeg.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { tempFolder } from '../../support/command.ts';

const unix = { skip: process.platform === 'win32' && 'shell scripts', timeout: 5000 };

test('a file that does not answer is given up by the clock, and can be cancelled before', unix, async (t) => {
  const folder = tempFolder(t);
  const real = await locateFfmpeg();
  if (!real.ffprobe) return t.skip('needs an ffprobe');
  mkdirSync(join(folder, 'bin'));
  for (const [name, path] of Object.entries({ ffmpeg: real.path, ffprobe: real.ffprobe })) {
    const script = `#!/bin/sh\ncase "$*" in *-show_format*) exec sleep 20;; esac\nexec "${path}" "$@"\n`;
    writeFileSync(join(folder, 'bin', name), script, { mode: 0o755 });
  }
  const clip = join(folder, 'clip.mp4');
  writeFileSync(clip, 'nobody reads this');
  const before = process.env['INBETWEEN_FFMPEG'];
  process.env['INBETWEEN_FFMPEG'] = join(folder, 'bin', 'ffmpeg');
  forgetFfmpeg();
  t.after(() => {
    if (before === undefined) delete process.env['INBETWEEN_FFMPEG'];
    else process.env['INBETWEEN_FFMPEG'] = before;
    forgetFfmpeg();
  });
  const saysNothing = (error: unknown): boolean =>
    error instanceof AppError && error.code === 'read-timeout' && error.message.includes('within 0.2 seconds');
  await assert.rejects(probe(clip, { limitMs: 200 }), saysNothing);
  const user = AbortSignal.timeout(100);
  await assert.rejects(probe(clip, { signal: user }), (error) => error instanceof AppError || error === user.reason);
});
