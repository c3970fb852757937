/** Some of what test/long/media-fuzz.long.ts tries four thousand of, and headers that ask for more than there is. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { AppError } from '../../../app/contract/errors.ts';
import { findFrameFacts } from '../../../app/core/media/frame-facts.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { readStill } from '../../../app/core/media/stills.ts';
import { FIGURE } from '../../guarantees/promise.ts';
import { tempFolder } from '../../support/command.ts';
import { makeSeeds } from '../../support/fuzz/media-seeds.ts';
import { spoil } from '../../support/fuzz/mutate-media.ts';

/** 'done', or the code it is refused with; throws what is neither. */
async function endOf(path: string, kind: 'film' | 'still'): Promise<string> {
  try {
    if (kind === 'still') await readStill(path);
    else await findFrameFacts(path, await probe(path), {});
    return 'done';
  } catch (error) {
    if (error instanceof AppError && error.code !== 'internal') return error.code;
    throw error;
  }
}

test('spoilt films and pictures are read or refused', async (context) => {
  const folder = tempFolder(context);
  const seeds = makeSeeds(folder, ['mp4', 'mkv', 'png']);
  assert.equal(seeds.length, 3);
  const ends: string[] = [];
  for (let number = 0; number < 9; number++) {
    const seed = seeds[number % 3]!;
    const path = join(folder, `spoilt${extname(seed.name)}`);
    writeFileSync(path, spoil(seed.bytes, number + 1, seeds[(number + 1) % 3]!.bytes).bytes);
    ends.push(await endOf(path, seed.kind));
  }
  assert.ok(ends.includes('done') && ends.some((end) => end !== 'done'), ends.join(', '));
  context.diagnostic(`${FIGURE}${ends.length} spoilt media files: ${ends.join(', ')}`);
});

test('what says in a few bytes that it is huge is refused before anything is decoded', async (context) => {
  const folder = tempFolder(context);
  const [film, still] = makeSeeds(folder, ['gif', 'png']);
  const path = join(folder, 'huge.png');
  for (const side of [30_000, 0x7fffffff]) {
    const bytes = Buffer.from(still!.bytes);
    bytes.writeUInt32BE(side, 16);
    bytes.writeUInt32BE(side, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    writeFileSync(path, bytes);
    await assert.rejects(probe(path), (error: AppError) => /^(too-large|unreadable|no-frames)$/.test(error.code));
  }
  // A few kilobytes of which ffmpeg would hold several frames of a gigabyte each.
  const bytes = Buffer.from(film!.bytes);
  bytes.writeUInt16LE(16_000, 6);
  bytes.writeUInt16LE(16_000, 8);
  const gif = join(folder, 'huge.gif');
  writeFileSync(gif, bytes);
  await assert.rejects(probe(gif), { code: 'too-large' });
});
