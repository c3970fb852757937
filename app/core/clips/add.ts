/** Putting files into the library. They are there at once; what they are is found out in the background. */
import type { AddReport } from '../../contract/library.ts';
import { clipByPath, insertClip, probeAgain } from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import { findFiles, type FoundFile, type ScanOptions } from './scan.ts';

/** Rows of one transaction: others who write wait no longer than it takes. */
const BATCH = 500;

/**
 * Adds files, and the files in folders. A path that is here already is known, and looked at again where the file has changed, was missing or
 * refused. Throws cancelled.
 *
 * [Note: refused files] A file the user named stays as a 'refused' clip with the reason: he asked for it, and an installed codec
 * or a mended file makes it usable by adding it again. Of what was merely found in a folder, only that stays which
 * is broken or cannot be decoded; what is no video at all (notes, sounds, single pictures) is taken out again (background.ts) and told as a number. What
 * cannot even be looked at (no such file, not in an opened folder, no permission) is in the report.
 */
export async function addFiles(db: Library, paths: readonly string[], options: ScanOptions): Promise<AddReport> {
  const { files, refused } = await findFiles(paths, options);
  const report: AddReport = { ids: [], added: 0, known: 0, refused: [...refused] };
  for (let at = 0; at < files.length; at += BATCH) {
    options.signal?.throwIfAborted();
    db.write(() => {
      for (const file of files.slice(at, at + BATCH)) put(db, file, report);
    });
  }
  return report;
}

function put(db: Library, file: FoundFile, report: AddReport): void {
  const known = clipByPath(db, file.path);
  if (!known) {
    report.ids.push(insertClip(db, file));
    report.added++;
    return;
  }
  report.ids.push(known.id);
  report.known++;
  const same = known.bytes === file.bytes && known.mtimeNs === file.mtimeNs;
  if (!same || known.state === 'refused' || known.state === 'missing') probeAgain(db, known.id, file);
}
