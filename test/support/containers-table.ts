/** The table of docs/containers.md: what becomes of each kind of content in each container, in a few words a cell. */
import type { RetimeResult, TrackFate } from '../../app/contract/jobs.ts';
import type { VideoInfo } from '../../app/contract/media.ts';

/** A job's outcome: what its result says and what the written file holds; or why it was refused. */
export type Outcome =
  | { readonly result: Pick<RetimeResult, 'tracks' | 'notes'>; readonly found: VideoInfo | undefined }
  | { readonly refused: string };

export interface Row {
  readonly name: string;
  /** Which film it is told from. */
  readonly film: string;
  /** The cell, and what was looked at in the written file to know it. Throws where the two differ. */
  cell(outcome: Outcome): string;
}

export const COLUMNS = ['mkv', 'mp4', 'mov', 'webm', 'png'] as const;
export type Column = (typeof COLUMNS)[number];

/** 'kept', '→ X', 'left out', with a number that leads to the reason. */
export function cellOf(fate: TrackFate | undefined): string {
  if (!fate) return '—';
  const word = fate.fate === 'converted' ? `→ ${fate.to}` : fate.fate;
  return fate.why === undefined ? word : `${word}: ${fate.why}`;
}

function fateOf(outcome: Outcome, what: RegExp): TrackFate | undefined {
  return 'refused' in outcome ? undefined : outcome.result.tracks?.find((fate) => what.test(fate.what));
}

/** A row whose cell is a fate, checked against how many streams like it the written file has. */
export function told(
  name: string,
  film: string,
  what: RegExp,
  there: (found: VideoInfo, fate: TrackFate) => boolean,
): Row {
  return {
    name,
    film,
    cell(outcome) {
      if ('refused' in outcome) return `refused: ${outcome.refused}`;
      const fate = fateOf(outcome, what);
      if (fate && outcome.found) {
        const [wanted, is] = [fate.fate !== 'left out', there(outcome.found, fate)];
        if (wanted !== is) throw new Error(`${name}: said to be ${fate.fate}, and is ${is ? '' : 'not '}there`);
      }
      return cellOf(fate);
    },
  };
}

const CODECS: Readonly<Record<string, string>> = { ASS: 'ass', SubRip: 'subrip', WebVTT: 'webvtt' };

/** A subtitle track: the codec that the fate names is among those found. */
function subtitles(name: string, film: string, codec: string): Row {
  return told(name, film, new RegExp(`^subtitles.*\\b${codec}\\)$`), (found, { fate, to = '' }) => {
    const codecs = found.other.filter(({ type }) => type === 'subtitle').map((one) => one.codec);
    const wanted = fate === 'converted' ? (CODECS[to] ?? 'mov_text') : codec;
    return codecs.includes(wanted);
  });
}

const count = (found: VideoInfo, type: string): number => found.other.filter((one) => one.type === type).length;

export const TRACK_ROWS: readonly Row[] = [
  {
    name: 'several sounds, with language, title and purpose',
    film: 'film.mkv',
    cell(outcome) {
      if ('refused' in outcome) return outcome.refused;
      const fates = outcome.result.tracks?.filter(({ what }) => what.startsWith('sound')) ?? [];
      const kept = fates.filter(({ fate }) => fate === 'kept').length;
      if (outcome.found && outcome.found.audio.length !== kept) throw new Error(`${kept} sounds are not there`);
      const odd = fates.find(({ why }) => why !== undefined) ?? fates[0];
      return cellOf(odd);
    },
  },
  subtitles('SubRip', 'film.mkv', 'subrip'),
  subtitles('ASS', 'film.mkv', 'ass'),
  subtitles('WebVTT', 'film.mkv', 'webvtt'),
  subtitles('MPEG-4 timed text', 'film.mp4', 'mov_text'),
  subtitles('PGS', 'film.mkv', 'hdmv_pgs_subtitle'),
  subtitles('VobSub', 'pictures.mkv', 'dvd_subtitle'),
  subtitles('DVB subtitles', 'pictures.mkv', 'dvb_subtitle'),
  told('chapters', 'film.mkv', /^chapters/, (found) => found.chapters === 2),
  told('fonts and other attachments', 'film.mkv', /^attachment/, (found) => count(found, 'attachment') === 1),
  told('cover picture', 'film.mkv', /^cover/, (found) => count(found, 'cover') === 1),
  told('timecode', 'film.mkv', /^timecode/, ({ tags }) => (tags['timecode'] ?? tags['TIMECODE']) === '01:00:00:10'),
  told('timed data (GPS, camera)', 'data.mov', /^data/, (found) => count(found, 'data') > 0),
  told('a second video', 'data.mov', /^video/, (found) => count(found, 'video') > 0),
];

/** The tags of `film.mkv` and the place of each in what probing finds. */
export const TAGS = ['title', 'comment', 'creation_time', 'location', 'make', 'mine'];

export function tagCell(outcome: Outcome): string {
  if ('refused' in outcome) return outcome.refused;
  if (!outcome.found) return 'left out: numbered images have no place for it';
  const { tags } = outcome.found;
  const there = new Set(Object.keys(tags).map((key) => key.toLowerCase()));
  const lost = TAGS.filter((tag) => !there.has(tag));
  const said = outcome.result.tracks?.find(({ what }) => what.startsWith('the tag'))?.what ?? '';
  const silent = lost.filter((tag) => !said.includes(tag));
  if (silent.length > 0) throw new Error(`${silent.join(', ')} is lost without a word`);
  return lost.length === 0 ? 'kept' : `kept but ${lost.join(', ')}`;
}

/** The document's table: rows of cells, long reasons below. */
export function tableOf(rows: readonly { readonly name: string; readonly cells: readonly string[] }[]): string {
  const reasons: string[] = [];
  const short = (cell: string): string => {
    const [word, ...why] = cell.split(': ');
    if (why.length === 0) return cell;
    const reason = why.join(': ');
    if (!reasons.includes(reason)) reasons.push(reason);
    return `${word} (${reasons.indexOf(reason) + 1})`;
  };
  const lines = [
    `| | ${COLUMNS.map((one) => `.${one}`).join(' | ')} |`,
    `|---|${COLUMNS.map(() => '---').join('|')}|`,
    ...rows.map(({ name, cells }) => `| ${name} | ${cells.map(short).join(' | ')} |`),
  ];
  return `${lines.join('\n')}\n\n${reasons.map((reason, i) => `${i + 1}. ${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`).join('\n')}\n`;
}
