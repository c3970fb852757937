/**
 * The list by which ffmpeg's concat demuxer reads chunks as one. [Note: concatenation]
 *
 * The demuxer counts in microseconds, so the end of every chunk is rounded on the whole film's clock and a chunk is given the difference: errors
 * do not add up, and half a microsecond vanishes when the demuxer turns it back into the chunks' ticks. The list is read line by line: a name with
 * a line end in it is reached through a link.
 */
import { access, link, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { mulDivRound } from '../time/rational.ts';
import { chunkTicks } from './chunk-timing.ts';
import type { Timing } from './chunk-timing.ts';

export interface Chunk {
  readonly path: string;
  /** As given to `openChunkEncoder`: from 0 to the end of the last frame. */
  readonly timestamps: readonly number[];
}

/** Writes the list into the folder `scratch` and returns its path. Throws library-folder when a chunk is not there: the demuxer would pass over it. */
export async function writeConcatList(chunks: readonly Chunk[], timing: Timing, scratch: string): Promise<string> {
  const lines = ['ffconcat version 1.0'];
  let [start, from] = [0, 0];
  for (const [i, chunk] of chunks.entries()) {
    await access(chunk.path).catch((cause: unknown) => {
      const sentence = `A piece that was made was removed (${chunk.path}); run it again, and only that is made anew.`;
      throw new AppError('library-folder', sentence, { cause });
    });
    start += chunk.timestamps.at(-1) ?? 0;
    const to = mulDivRound(chunkTicks(start, timing), 1_000_000, timing.stamped ?? timing.timescale);
    lines.push(`file ${quoted(await listable(resolve(chunk.path), i, scratch))}`);
    lines.push(`duration ${decimal(to - from)}`);
    from = to;
  }
  const path = join(scratch, 'chunks.ffconcat');
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

/** Microseconds as seconds, exactly. */
function decimal(microseconds: number): string {
  return `${Math.floor(microseconds / 1_000_000)}.${String(microseconds % 1_000_000).padStart(6, '0')}`;
}

function quoted(name: string): string {
  return `'${name.replaceAll("'", String.raw`'\''`)}'`;
}

async function listable(path: string, index: number, scratch: string): Promise<string> {
  if (!/[\r\n]/.test(path)) return `file:${path}`;
  // Relative to the list, which may itself lie in a folder with such a name.
  const name = `chunk-${index}`;
  await symlink(path, join(scratch, name)).catch(() => link(path, join(scratch, name)));
  return name;
}
