/** Writing a project for other programs, or as a file of its own. */
import { open, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { clipById } from '../library/clip-rows.ts';
import { clipsById } from '../library/clip-search.ts';
import type { Library } from '../library/db.ts';
import { asOutputError, renameIntoPlace, temporaryName } from '../media/output-file.ts';
import { projectState } from './edit.ts';
import { writeEdl } from './interchange/edl-write.ts';
import { writeFcpxml } from './interchange/fcpxml-write.ts';
import { writeInbetween } from './interchange/inbetween-file.ts';
import { lostMasks, packMasks } from './interchange/masks.ts';
import { outgoingMedia, type Outgoing, type Written } from './interchange/outgoing.ts';

const WRITERS: Readonly<Record<string, (out: Outgoing, path: string) => Written>> = {
  '.edl': writeEdl,
  '.fcpxml': writeFcpxml,
  '.inbetween': writeInbetween,
};

/**
 * Writes a project to `path`, whose ending says as what: edl, fcpxml or inbetween. Answers what that cannot say. Throws project-unknown,
 * output-format, output-exists unless forced, output-folder, disk-full.
 */
export async function exportProject(
  db: Library,
  id: string,
  { path, force }: { path: string; force: boolean },
): Promise<{ path: string; notes: string[] }> {
  const write = WRITERS[extname(path).toLowerCase()];
  if (!write) throw new AppError('output-format', 'A project is written as .edl, .fcpxml or .inbetween.');
  const out = outgoing(db, id);
  const packed = write === writeInbetween ? await packMasks(db, out.state) : { masks: {}, notes: lostMasks(out.state) };
  const { text, notes } = write({ ...out, masks: packed.masks }, path);
  notes.push(...packed.notes);
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameIntoPlace(temporary, path, { force });
  } catch (error) {
    await rm(temporary, { force: true });
    throw asOutputError(error, path);
  }
  return { path, notes };
}

function outgoing(db: Library, id: string): Outgoing {
  const { name, state } = projectState(db, id);
  const ids = [...new Set(Object.values(state.clips).map((clip) => clip.media))];
  const tags = new Map<string, readonly string[]>();
  for (let at = 0; at < ids.length; at += 500) {
    for (const clip of clipsById(db, ids.slice(at, at + 500))) tags.set(clip.id, clip.tags);
  }
  const rows = ids.map((one) => clipById(db, one)).filter((row) => row !== undefined);
  return { name, state, media: new Map(rows.map((row) => [row.id, outgoingMedia(row, tags.get(row.id) ?? [])])) };
}
