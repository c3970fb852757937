/** The inspector's lines. */
import type { ClipDetails, ClipFacts, ShotCadence } from '../../contract/library.ts';
import type {
  AudioStreamInfo,
  ChapterInfo,
  OtherStreamInfo,
  RecordedInfo,
  StreamLabels,
  VideoInfo,
} from '../../contract/media.ts';
import { hasClocks, slowness } from '../../core/time/clock.ts';
import { plural, showDuration, showRate } from '../shared/format.ts';
import { showClipRate, showSize } from './describe.ts';

type Row = readonly [name: string, value: string];

export function videoRows(clip: ClipDetails): Row[] {
  const rows: Row[] = [];
  if (clip.duration !== null) rows.push(['Length', showDuration(clip.duration)]);
  if (clip.rate) rows.push(['Rate', `${showClipRate(clip)}${clip.vfr ? ', varying' : ''}`]);
  const video = clip.info?.video;
  if (!video) return rows;
  const named = showSize(clip);
  const size = `${video.width} × ${video.height}`;
  rows.push(['Picture', named.includes('×') ? size : `${size} (${named})`]);
  const { num, den } = video.sampleAspect;
  if (num !== den) rows.push(['Pixels', `${num}:${den}, not square`]);
  if (video.rotation !== 0 || video.mirrored) {
    rows.push(['Turned', `${video.rotation}°${video.mirrored ? ', mirrored' : ''}`]);
  }
  rows.push(['Codec', `${video.codec}, ${video.bitDepth} bit, ${video.pixelFormat}`]);
  const { matrix, primaries, transfer, range } = video.colour;
  const words = [
    ...new Set([matrix, primaries, transfer].filter((word) => word !== undefined)),
    `${range ?? '?'} range`,
  ];
  rows.push(['Colour', words.join(', ')]);
  if (clip.hdr) rows.push(['HDR', video.dolbyVision ? 'Dolby Vision, base picture' : hdrName(transfer)]);
  if (clip.info?.recorded) rows.push(['Recorded', recordedText(clip.info.recorded)]);
  if (video.fieldOrder && !/^(progressive|unknown)$/.test(video.fieldOrder)) {
    rows.push(['Fields', 'interlaced, says the file']);
  }
  return rows;
}

/** What a phone said of its slow motion. */
export function recordedText(recorded: RecordedInfo): string {
  const rate = recorded.captureRate ? `at ${showRate(recorded.captureRate)} fps` : 'slow motion';
  const times = slowness(recorded);
  const slow = times === undefined ? 'in part' : `${Math.round(times * 100) / 100} times`;
  return hasClocks(recorded) ? `${rate}, stored ${slow} slower than it was` : `${rate}, stored in real time`;
}

function hdrName(transfer: string | undefined): string {
  return transfer === 'arib-std-b67' ? 'HLG' : 'PQ';
}

export function factRows(facts: ClipFacts): Row[] {
  const held = facts.holds.reduce((sum, [first, last]) => sum + last - first, 0);
  return [
    ['Frames', `${facts.frames}`],
    ['True rate', facts.vfr ? `varying, about ${showRate(facts.rate)} fps` : `${facts.rate.num}/${facts.rate.den} fps`],
    ['True length', `${facts.end.toFixed(3)} s`],
    ['Cuts', facts.cuts.length === 0 ? 'none' : plural(facts.cuts.length, 'cut')],
    ['Repeated', held === 0 ? 'no frames' : plural(held, 'frame')],
    ['Drawn', cadenceText(facts.shots)],
    ...(facts.fields.kind === 'progressive' ? [] : [['Fields found', facts.fields.says.replace(/^is /, '')] as Row]),
  ];
}

/** How the shots are drawn: 'on twos', or of several 'on twos: shots 1, 3; on ones: shot 2'. */
export function cadenceText(shots: readonly ShotCadence[]): string {
  const words = { none: 'not told, too little moves', mixed: 'on a mixed cadence' };
  const by = new Map<string, number[]>();
  for (const [i, { cadence }] of shots.entries()) {
    const how = cadence === 'none' || cadence === 'mixed' ? words[cadence] : `on ${cadence}`;
    by.set(how, [...(by.get(how) ?? []), i + 1]);
  }
  if (by.size <= 1) return [...by.keys()][0] ?? words.none;
  const some = (numbers: readonly number[]): string =>
    numbers.length > 6 ? plural(numbers.length, 'shot') : `shot${numbers.length > 1 ? 's' : ''} ${numbers.join(', ')}`;
  return [...by].map(([how, numbers]) => `${how}: ${some(numbers)}`).join('; ');
}

export function audioLine(stream: AudioStreamInfo): string {
  const channels = stream.channelLayout ?? plural(stream.channels, 'channel');
  return [stream.codec, `${stream.sampleRate / 1000} kHz`, channels, ...labelWords(stream)].join(', ');
}

export function streamLine(stream: OtherStreamInfo): string {
  const names = { subtitle: 'Subtitles', data: 'Data', attachment: 'Attachment', cover: 'Cover', video: 'Other video' };
  const { type, codec, tag, fileName } = stream;
  const words = [codec === '' ? tag : codec, fileName, ...labelWords(stream)].filter((word) => word !== undefined);
  return words.length === 0 ? names[type] : `${names[type]}: ${words.join(', ')}`;
}

/** Language, title and what a track is for; being the default says nothing where there is one. */
function labelWords({ language, title, handler, dispositions = [] }: StreamLabels): string[] {
  const roles = dispositions.filter((role) => !/^(default|attached_pic|dependent|still_image)$/.test(role));
  const words = [
    language === 'und' ? undefined : language,
    title ?? handler,
    ...roles.map((role) => role.replaceAll('_', ' ')),
  ];
  return words.filter((word) => word !== undefined);
}

/** The chapters by their names; a line for those beyond a dozen. */
export function chapterLines(info: Pick<VideoInfo, 'chapters'> & { chapterList?: ChapterInfo[] }): string[] {
  const { chapters, chapterList = [] } = info;
  const named = chapterList
    .slice(0, 12)
    .map(({ start, title }) => `${showDuration(Math.max(0, start))} ${title}`.trim());
  const more = chapters - named.length;
  return more > 0 ? [...named, plural(more, named.length > 0 ? 'more chapter' : 'chapter')] : named;
}
