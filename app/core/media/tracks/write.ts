/** ffmpeg's arguments that put the tracks beside the picture: inputs, maps, codecs, names. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StreamLabels } from '../../../contract/media.ts';
import type { Container } from '../containers.ts';
import { fileUrl } from '../ffmpeg.ts';
import { imageArgs, inputArgs } from '../input.ts';
import { ABILITIES, languageFor } from './abilities.ts';
import type { ReadyChapter, ReadySubtitles, ReadyTracks } from './prepare.ts';

export interface TrackArgs {
  /** Each with its options; the first is input `firstInput`. */
  readonly inputs: readonly string[];
  readonly output: readonly string[];
}

/** The arguments for tracks and tags whose inputs come after `firstInput` others. Writes chapters and tags into `scratch`. */
export async function trackArgs(
  tracks: Pick<ReadyTracks, 'subtitles' | 'chapters' | 'files'> & { readonly tags: Readonly<Record<string, string>> },
  container: Container,
  firstInput: number,
  scratch: string,
): Promise<TrackArgs> {
  const holds = ABILITIES[container.name];
  const inputs: string[] = [];
  const output: string[] = [];
  let input = firstInput;
  for (const [i, { path, planned }] of tracks.subtitles.entries()) {
    inputs.push(...(await inputArgs(path, ON_ITS_CLOCK)));
    output.push(
      '-map',
      `${input++}:s:0`,
      `-c:s:${i}`,
      planned.write,
      ...labelArgs(`s:${i}`, planned.stream, container),
    );
  }
  const covers = tracks.files.filter(({ cover }) => cover && holds.cover === 'stream');
  for (const [i, { path, mime }] of covers.entries()) {
    inputs.push(...(await inputArgs(path, imageArgs(`${mime.replace('image/', '')}_pipe`))));
    output.push('-map', `${input++}:v:0`, `-disposition:v:${i + 1}`, 'attached_pic');
  }
  const attachments = tracks.files.filter((file) => !covers.includes(file));
  for (const [i, { path, name, mime }] of attachments.entries()) {
    const named = [`filename=${name}`, `mimetype=${mime}`].flatMap((tag) => [`-metadata:s:t:${i}`, tag]);
    output.push('-attach', fileUrl(path), ...named);
  }
  if (container.images) return { inputs, output: ['-map_metadata', '-1', '-map_chapters', '-1'] };
  // Only what is said here is written: nothing of what chunks and scratch files say of themselves.
  const path = join(scratch, 'metadata.txt');
  await writeFile(path, metadataFile(tracks.tags, tracks.chapters));
  inputs.push('-f', 'ffmetadata', '-i', fileUrl(path));
  output.push('-map_metadata', String(input), '-map_metadata:s', '-1');
  output.push('-map_chapters', tracks.chapters.length > 0 ? String(input) : '-1');
  return { inputs, output };
}

/** Otherwise ffmpeg begins every input with its first packet: the first subtitle would come at once. */
const ON_ITS_CLOCK = ['-seek_timestamp', '1'];

/** Language, title and dispositions of output stream `stream` ('a:0'); dispositions that are not said are left to the muxer. */
export function labelArgs(stream: string, labels: StreamLabels, container: Container): string[] {
  const holds = ABILITIES[container.name];
  const language = languageFor(container.name, labels.language);
  const said = (key: string, value: string | undefined): string[] =>
    value ? [`-metadata:s:${stream}`, `${key}=${value.replaceAll('\0', '')}`] : [];
  // MP4's own place for it (udta/name) is what players show, and the handler's name what ffmpeg up to 5.1 at least reads back.
  const handler = holds.title === 'title' ? labels.handler : (labels.title ?? labels.handler);
  const names = [...said('title', labels.title), ...said('handler_name', handler)];
  const roles = labels.dispositions?.filter((one) => holds.dispositions.has(one)).join('+');
  const disposed = roles === undefined ? [] : [`-disposition:${stream}`, roles || '0'];
  return [...said('language', language), ...names, ...disposed];
}

/** Tags and chapters as ffmpeg's own text file of metadata. */
function metadataFile(tags: Readonly<Record<string, string>>, chapters: readonly ReadyChapter[]): string {
  const escaped = (text: string): string => text.replaceAll('\0', '').replaceAll(/[=;#\\\n]/g, String.raw`\$&`);
  const said = Object.entries(tags).map(([key, value]) => `${escaped(key)}=${escaped(value)}`);
  const blocks = chapters.flatMap(({ start, end, title }) => [
    ...['[CHAPTER]', 'TIMEBASE=1/1000', `START=${start}`, `END=${end}`],
    ...(title === '' ? [] : [`title=${escaped(title)}`]),
  ]);
  return `${[';FFMETADATA1', ...said, ...blocks].join('\n')}\n`;
}

/** Packets that verifying finds of a track: MPEG-4 timed text has empty ones for the time between. */
export function packetsOf(
  { count }: Pick<ReadySubtitles, 'count'>,
  container: Container,
): { least: number; most: number } {
  return ABILITIES[container.name].flat ? { least: count, most: 2 * count + 1 } : { least: count, most: count };
}
