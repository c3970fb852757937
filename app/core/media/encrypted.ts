/** Whether an MP4 or QuickTime file's video is encrypted, which ffmpeg does not say of a stream but decodes to rubbish. */
import { readMovieHeader } from './movie-boxes.ts';

/**
 * True when a track's sample entry says protected video: 'encv' of Common Encryption (ISO/IEC 23001-7), 'drmi' of FairPlay. False for any other file, and for
 * one whose boxes cannot be followed.
 */
export async function isEncryptedMovie(path: string): Promise<boolean> {
  const header = await readMovieHeader(path);
  if (!header) return false;
  for (let at = header.indexOf('stsd', 0, 'latin1'); at >= 0; at = header.indexOf('stsd', at + 4, 'latin1')) {
    // 'stsd', version and flags, number of entries, size of the first entry, its format.
    if (/^(encv|drmi)$/.test(header.toString('latin1', at + 16, at + 20))) return true;
  }
  return false;
}
