/**
 * What becomes of everything in a source but its picture: each stream is kept, converted, or left out for a reason that is said. [Note: tracks]
 *
 * Nothing is read for this but what probing says, so it is known before a job runs. What turns out unreadable while it is being prepared
 * (prepare.ts) is left out then, by name: a broken track does not fail a job whose picture is good, and is not lost without a word.
 */
import type { AudioMode, TrackFate } from '../../../contract/jobs.ts';
import type { AudioStreamInfo, OtherStreamInfo, StreamLabels, VideoInfo } from '../../../contract/media.ts';
import type { Capabilities } from '../capabilities.ts';
import type { Container } from '../containers.ts';
import { ABILITIES, isText, languageFor, PICTURE_SUBTITLES, ROLES, type Abilities } from './abilities.ts';
import { tagsFor } from './tags.ts';

export interface PlannedSound {
  readonly stream: AudioStreamInfo;
  readonly mode: Exclude<AudioMode, 'mute'>;
  readonly what: string;
}

export interface PlannedSubtitles {
  readonly stream: OtherStreamInfo;
  readonly what: string;
  /** How it is read: its packets as they are, its packets as ASS, or its text (WebVTT). */
  readonly read: 'ass' | 'subrip' | 'pictures' | 'webvtt';
  /** ffmpeg turns it into ASS first. */
  readonly viaAss: boolean;
  /** ffmpeg's encoder on the way out. */
  readonly write: 'copy' | 'mov_text' | 'webvtt';
}

export interface PlannedFile {
  readonly stream: OtherStreamInfo;
  readonly what: string;
  /** What it is called in the output: no path. */
  readonly name: string;
  readonly mime: string;
  readonly cover: boolean;
}

export interface TrackPlan {
  readonly sounds: readonly PlannedSound[];
  readonly subtitles: readonly PlannedSubtitles[];
  readonly files: readonly PlannedFile[];
  readonly chapters: boolean;
  /** Of the first frame. */
  readonly timecode: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly picture: StreamLabels;
  readonly fates: readonly TrackFate[];
}

export interface TrackRequest {
  readonly info: VideoInfo;
  readonly container: Container;
  /** What becomes of the sound. */
  readonly mode: AudioMode;
  /** Of the first frame, where the source has one; 'none' where the output has no rate to count at. */
  readonly timecode: string | 'none' | undefined;
  readonly capabilities: Pick<Capabilities, 'decodes'>;
  /** Of the sound, by ffmpeg's name. */
  readonly encoder?: string | undefined;
}

interface Planned {
  readonly sounds: PlannedSound[];
  readonly subtitles: PlannedSubtitles[];
  readonly files: PlannedFile[];
  readonly fates: TrackFate[];
}

/** Plans all tracks of a source. */
export function planTracks(request: TrackRequest): TrackPlan {
  const { info, container, timecode } = request;
  const holds = ABILITIES[container.name];
  const planned: Planned = { sounds: [], subtitles: [], files: [], fates: [] };
  info.audio.forEach((stream, i) => planSound(stream, nameOf('sound', stream, i, info.audio.length), request, planned));
  const subtitles = info.other.filter(({ type }) => type === 'subtitle');
  subtitles.forEach((stream, i) =>
    planSubtitles(stream, nameOf('subtitles', stream, i, subtitles.length), request, planned),
  );
  for (const stream of info.other) planOther(stream, request, planned);
  const chapters = (info.chapterList?.length ?? 0) > 0;
  const { kept, lost } = tagsFor(container.name, info.tags);
  const { fates } = planned;
  if (chapters) fates.push(heldOr(`chapters (${info.chapterList!.length})`, holds.chapters, container));
  if (timecode !== undefined) fates.push(timecodeFate(timecode, holds, container));
  if (container.images && Object.keys(kept).length > 0) fates.push(leftOut('tags', 'images hold none'));
  if (!container.images && lost.length > 0) {
    fates.push(leftOut(`${lost.length === 1 ? 'the tag' : 'the tags'} ${lost.join(', ')}`, noPlace(container)));
  }
  return {
    ...planned,
    chapters: chapters && holds.chapters,
    timecode: holds.timecode && timecode !== 'none' ? timecode : undefined,
    tags: container.images ? {} : kept,
    picture: { ...(info.video.language && { language: info.video.language }), ...titleOf(info.video) },
  };
}

/** What a user should know of the fates: what is converted, and what is left out. One sentence each; sound that was muted, or that images cannot hold, is told elsewhere. */
export function trackNotes({ fates }: Pick<TrackPlan, 'fates'>): string[] {
  return fates.flatMap(({ what, fate, to, why }) => {
    const name = what.charAt(0).toUpperCase() + what.slice(1);
    if (fate === 'converted') return [`${name}: converted to ${to}${why === undefined ? '' : `; ${why}`}.`];
    if (fate === 'kept') return why === undefined ? [] : [`${name} is kept, but ${why}.`];
    return why === MUTED || why === NO_SOUND ? [] : [`Left out: ${what}: ${why}.`];
  });
}

/** The fates with those of `failed` (by what they are called) left out. */
export function withFailed(fates: readonly TrackFate[], failed: readonly TrackFate[]): TrackFate[] {
  const found = new Map(failed.map((fate) => [fate.what, fate]));
  return fates.map((fate) => found.get(fate.what) ?? fate);
}

export function leftOut(what: string, why: string): TrackFate {
  return { what, fate: 'left out', why };
}

const MUTED = 'the sound is muted';
const NO_SOUND = 'numbered images have no sound';
/** Channels that the encoders take; PCM takes any. */
const MOST_CHANNELS = 8;

function planSound(stream: AudioStreamInfo, what: string, request: TrackRequest, { sounds, fates }: Planned): void {
  const { container, mode, capabilities } = request;
  const lost = lostLabels(stream, container, ABILITIES[container.name]);
  if (container.images) fates.push(leftOut(what, NO_SOUND));
  else if (!capabilities.decodes.has(stream.codec)) fates.push(leftOut(what, 'this ffmpeg cannot decode it'));
  else if (stream.channels < 1 || stream.sampleRate < 1) fates.push(leftOut(what, 'it says neither channels nor rate'));
  else if (mode === 'mute') fates.push(leftOut(what, MUTED));
  else if (stream.channels > MOST_CHANNELS && !request.encoder?.startsWith('pcm_')) {
    fates.push(leftOut(what, `its ${stream.channels} channels are more than sound in .${container.name} holds here`));
  } else {
    sounds.push({ stream, mode, what });
    fates.push({ what, fate: 'kept', ...(lost !== '' && { why: lost }) });
  }
}

function planSubtitles(
  stream: OtherStreamInfo,
  what: string,
  { container, capabilities }: TrackRequest,
  { subtitles, fates }: Planned,
): void {
  const { codec } = stream;
  const holds = ABILITIES[container.name];
  const picture = PICTURE_SUBTITLES[codec];
  if (container.images) return void fates.push(leftOut(what, 'numbered images have no subtitles'));
  if (picture) {
    if (!holds.pictures) {
      return void fates.push(
        leftOut(what, `.${container.name} holds no subtitles that are pictures (${picture}); .mkv does`),
      );
    }
    subtitles.push({ stream, what, read: 'pictures', viaAss: false, write: 'copy' });
    return void fates.push({ what, fate: 'kept' });
  }
  if (!isText(codec, capabilities)) {
    return void fates.push(leftOut(what, `${codec || 'its format'} is not among the subtitles that can be retimed`));
  }
  const own = ({ ssa: 'ass', srt: 'subrip', text: 'subrip' } as Record<string, string>)[codec] ?? codec;
  const to = holds.subtitles.find((one) => one === own) ?? holds.subtitles[0]!;
  const write = to === 'mov_text' || (to === 'webvtt' && own !== 'webvtt') ? to : 'copy';
  const read = own === 'webvtt' && to === 'webvtt' ? 'webvtt' : own === 'subrip' ? 'subrip' : 'ass';
  subtitles.push({ stream, what, read, viaAss: read === 'ass' && own !== 'ass', write });
  const why = [own === to ? '' : lossOf(own, to), lostLabels(stream, container, holds)]
    .filter((one) => one !== '')
    .join('; ');
  const more = why !== '' && { why };
  fates.push(own === to ? { what, fate: 'kept', ...more } : { what, fate: 'converted', to: NAMES[to], ...more });
}

const NAMES: Readonly<Record<string, string>> = {
  ass: 'ASS',
  subrip: 'SubRip',
  webvtt: 'WebVTT',
  mov_text: 'MPEG-4 timed text',
};

/** What a conversion of text loses. */
function lossOf(from: string, to: string): string {
  if (to === 'mov_text' && from === 'ass') return 'positions, animation and karaoke are lost, plain styles are kept';
  if (to === 'webvtt' && from === 'ass') return 'fonts, colours, positions, animation and karaoke are lost';
  if (from === 'webvtt') return 'positions are lost';
  return '';
}

/** What is said of a track that the container cannot say. */
function lostLabels(stream: StreamLabels, { name }: Container, holds: Abilities): string {
  const { language, title, handler, dispositions = [] } = stream;
  const lost: string[] = [];
  const roles = dispositions.filter((one) => !holds.dispositions.has(one) && ROLES.has(one));
  if (roles.length > 0) lost.push(`.${name} does not say that it is ${roles.join(' and ').replaceAll('_', ' ')}`);
  if (language && language !== 'und' && languageFor(name, language) === undefined) {
    lost.push(`.${name} has no name for the language ${language}`);
  }
  if (title && handler && holds.title !== 'title') lost.push('its title takes the place of its handler');
  return lost.join('; ');
}

function planOther(stream: OtherStreamInfo, { info, container }: TrackRequest, { files, fates }: Planned): void {
  const { type, codec, index, fileName } = stream;
  const holds = ABILITIES[container.name];
  if (type === 'subtitle') return;
  if (type === 'cover') {
    const ending = { mjpeg: 'jpg', png: 'png', webp: 'webp', bmp: 'bmp', gif: 'gif' }[codec];
    const what = `cover picture${fileName ? ` ${plainName(fileName, '')}` : ''}`;
    const takes = ending && (holds.cover === 'attachment' || (holds.cover === 'stream' && /jpg|png|bmp/.test(ending)));
    if (!takes)
      return void fates.push(leftOut(what, ending ? noPlace(container) : `${codec} is no picture of a cover`));
    const mime = `image/${ending === 'jpg' ? 'jpeg' : ending}`;
    files.push({ stream, what, name: plainName(fileName, `cover.${ending}`), mime, cover: true });
    fates.push({ what, fate: 'kept' });
  } else if (type === 'attachment') {
    const name = plainName(fileName, `attachment-${index}`);
    const what = `attachment ${name}`;
    if (!holds.attachments) return void fates.push(leftOut(what, noPlace(container)));
    files.push({ stream, what, name, mime: mimeOf(stream, name), cover: false });
    fates.push({ what, fate: 'kept' });
  } else if (type === 'video') {
    fates.push(leftOut(`video stream ${index} (${codec})`, 'one picture is retimed, the main one'));
  } else if (stream.tag !== 'tmcd' && !(stream.tag === 'text' && info.chapters > 0)) {
    // A track of timecode or of chapters' titles is told of as such.
    const kind = [stream.tag, codec].find((one) => one !== undefined && one !== '' && one !== 'unknown') ?? 'unknown';
    fates.push(leftOut(`data stream ${index} (${kind})`, 'it goes with the times of the source and is not retimed'));
  }
}

function heldOr(what: string, held: boolean, container: Container): TrackFate {
  return held ? { what, fate: 'kept' } : leftOut(what, noPlace(container));
}

function timecodeFate(timecode: string, holds: Abilities, container: Container): TrackFate {
  if (timecode !== 'none') return heldOr(`timecode ${timecode}`, holds.timecode, container);
  return leftOut('timecode', 'it counts the frames of a constant rate of at most 255 a second');
}

function noPlace({ name, images }: Container): string {
  return images ? 'numbered images have no place for it' : `.${name} has no place for it`;
}

function nameOf(kind: string, stream: StreamLabels & { codec: string }, index: number, count: number): string {
  const language = stream.language === 'und' ? undefined : stream.language;
  const words = [language, stream.title ?? stream.handler, stream.codec].filter(
    (one) => one !== undefined && one !== '',
  );
  return `${kind}${count > 1 ? ` ${index + 1}` : ''} (${words.join(', ').slice(0, 120)})`;
}

function titleOf({ title, handler }: StreamLabels): StreamLabels {
  return { ...(title && { title }), ...(handler && { handler }) };
}

/** The last part of a name that a file gives, without what no file system takes; never a way to somewhere else. */
function plainName(name: string | undefined, otherwise: string): string {
  const last = (name ?? '').split(/[\\/]/).at(-1)!;
  // oxlint-disable-next-line no-control-regex
  const plain = last.replaceAll(/[\u0000-\u001f\u007f:*?"<>|]/g, '_').slice(0, 200);
  return /^\.*$/.test(plain.trim()) ? otherwise : plain;
}

const MIMES: Readonly<Record<string, string>> = {
  ttf: 'application/x-truetype-font',
  ttc: 'application/x-truetype-font',
  otf: 'application/vnd.ms-opentype',
  txt: 'text/plain',
  jpg: 'image/jpeg',
  png: 'image/png',
};

function mimeOf({ mimeType }: OtherStreamInfo, name: string): string {
  if (mimeType && /^[\w.+-]+\/[\w.+-]+$/.test(mimeType)) return mimeType.slice(0, 100);
  return MIMES[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ''] ?? 'application/octet-stream';
}
