/** As what a board's film can be written. */
import type { Codec } from '../../contract/jobs.ts';

export interface ExportKind {
  id: string;
  name: string;
  about: string;
  /** Of the file, without dot; null for a folder. */
  ending: string | null;
  codec?: Codec;
  /** Of the codec's own measure, the better end first. */
  quality?: { low: number; high: number; usual: number };
}

export const EXPORT_KINDS: readonly [ExportKind, ...ExportKind[]] = [
  {
    id: 'mp4',
    name: 'MP4, H.264',
    about: 'Plays everywhere.',
    ending: 'mp4',
    codec: 'h264',
    quality: { low: 10, high: 32, usual: 16 },
  },
  {
    id: 'webm',
    name: 'WebM, VP9',
    about: 'For pages.',
    ending: 'webm',
    codec: 'vp9',
    quality: { low: 15, high: 42, usual: 24 },
  },
  { id: 'mov', name: 'MOV, ProRes', about: 'For editing, large.', ending: 'mov', codec: 'prores' },
  { id: 'gif', name: 'GIF', about: '256 colours, repeats for ever where the board loops.', ending: 'gif' },
  { id: 'strip', name: 'PNG strip', about: 'One picture of all frames side by side.', ending: 'png' },
  { id: 'folder', name: 'Folder of PNG frames', about: 'Numbered, without loss.', ending: null },
];

/** Where it goes, with the ending of its kind: a folder is told by its slash. */
export function outputOf(place: string, kind: ExportKind): string {
  const trimmed = place.trim().replace(/[/\\]+$/, '');
  if (trimmed === '') return '';
  return kind.ending === null ? `${trimmed}/` : trimmed;
}

/** The same place for another kind. */
export function placeFor(place: string, before: ExportKind, kind: ExportKind): string {
  const bare = before.ending !== null && place.toLowerCase().endsWith(`.${before.ending}`);
  const stem = bare ? place.slice(0, -before.ending!.length - 1) : place.replace(/[/\\]+$/, '');
  return stem === '' || kind.ending === null ? stem : `${stem}.${kind.ending}`;
}
