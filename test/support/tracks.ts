/** Small films with everything beside the picture in them, made by ffmpeg, and what a written file holds. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSubtitlePackets } from '../../app/core/media/tracks/packets-in.ts';
import { writePackets } from '../../app/core/media/tracks/packets-out.ts';
import { ffmpegOutput } from './clips.ts';

/** Two events: the first with karaoke, the second with a position. Seconds. */
export const EVENTS = [
  { start: 0.4, end: 0.8, text: 'First' },
  { start: 1.2, end: 1.6, text: 'Second' },
] as const;

/** 2 seconds at 25 frames. */
export const FILM_SECONDS = 2;

const ASS = String.raw`[Script Info]
ScriptType: v4.00+
PlayResX: 64
PlayResY: 48

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1
Style: Green,Arial,20,&H00ff00,&Hffffff,&H0,&H0,1,0,0,0,100,100,0,0,1,1,0,8,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.40,0:00:00.80,Default,,0,0,0,,{\k10}Fi{\k30}rst
Dialogue: 1,0:00:01.20,0:00:01.60,Green,Bob,0,0,0,,{\pos(20,30)}Second
`;

/** The text of a file of subtitles: SubRip or WebVTT, with the cue's settings where it is that. */
function textOf(kind: 'srt' | 'vtt'): string {
  const mark = kind === 'srt' ? ',' : '.';
  const at = (seconds: number): string => `00:00:${seconds.toFixed(3).padStart(6, '0').replace('.', mark)}`;
  const settings = kind === 'vtt' ? ' line:10% align:start' : '';
  const blocks = EVENTS.map(({ start, end, text }, i) => {
    const number = kind === 'srt' ? `${i + 1}\n` : '';
    return `${number}${at(start)} --> ${at(end)}${settings}\n${text}\n`;
  });
  return `${kind === 'vtt' ? 'WEBVTT\n\n' : ''}${blocks.join('\n')}`;
}

/** A PGS composition of an 8x8 square, or of nothing. */
export function pgs(shown: boolean, number = 0): Buffer {
  const segment = (type: number, bytes: readonly number[]): Buffer =>
    Buffer.from([type, bytes.length >> 8, bytes.length & 255, ...bytes]);
  const placed = shown ? [0, 0, 0, 0, 0, 4, 0, 4] : [];
  const composition = segment(0x16, [0, 64, 0, 48, 0x10, 0, number, shown ? 0x80 : 0, 0, 0, shown ? 1 : 0, ...placed]);
  const window = segment(0x17, [1, 0, 0, 4, 0, 4, 0, 8, 0, 8]);
  const line = [0, 0x88, 1, 0, 0];
  const picture = Array.from({ length: 8 }, () => line).flat();
  const palette = segment(0x14, [0, 0, 1, 235, 128, 128, 255]);
  const object = segment(0x15, [0, 0, 0, 0xc0, 0, 0, picture.length + 4, 0, 8, 0, 8, ...picture]);
  const rest = shown ? [window, palette, object] : [window];
  return Buffer.concat([composition, ...rest, segment(0x80, [])]);
}

/** A DVB page without regions, and the end of its display set. */
const NO_PAGE = Buffer.from([0x0f, 0x10, 0, 1, 0, 2, 30, 0x10, 0x0f, 0x80, 0, 1, 0, 0]);

/** The text and pictures of `EVENTS` as files in a folder, and what else goes into films. */
export async function trackParts(folder: string) {
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('text.ass'), ASS);
  writeFileSync(path('text.srt'), textOf('srt'));
  writeFileSync(path('text.vtt'), textOf('vtt'));
  const sets = EVENTS.flatMap(({ start, end }, i) => [
    { start: start * 1000, data: pgs(true, 2 * i) },
    { start: end * 1000, data: pgs(false, 2 * i + 1) },
  ]);
  await writePackets(path('pgs.mks'), 'hdmv_pgs_subtitle', Buffer.alloc(0), sets);
  for (const [name, encoder, codec] of [
    ['vobsub.mks', 'dvdsub', 'dvd_subtitle'],
    ['dvb.mks', 'dvbsub', 'dvb_subtitle'],
  ] as const) {
    // ffmpeg makes the picture; when it comes and goes it cannot know of PGS.
    ffmpegOutput('-y', '-i', `file:${path('pgs.mks')}`, '-c:s', encoder, '-f', 'matroska', `file:${path(name)}`);
    const { header, packets } = await readSubtitlePackets({
      path: path(name),
      index: 0,
      codec: 'copy',
      scratch: folder,
    });
    const { data } = packets[0]!;
    const shown = EVENTS.flatMap(({ start, end }) => {
      if (codec === 'dvd_subtitle') return [{ start: start * 1000, end: end * 1000, data }];
      return [
        { start: start * 1000, data },
        { start: end * 1000, data: NO_PAGE },
      ];
    });
    await writePackets(path(name), codec, header, shown);
  }
  writeFileSync(path('font.ttf'), 'not quite a font');
  ffmpegOutput('-y', '-f', 'lavfi', '-i', 'color=red:s=32x32', '-frames:v', '1', `file:${path('cover.jpg')}`);
  writeFileSync(
    path('tags.txt'),
    `;FFMETADATA1\ntitle=A film\ncomment=With a remark\nlocation=+51.5334-000.1255/\ncreation_time=2020-01-02T03:04:05.000000Z\nmake=Maker\nmine=Own
[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One = first\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two; second\n`,
  );
  ffmpegOutput(
    ...[
      '-y',
      '-f',
      'lavfi',
      '-i',
      `testsrc2=s=64x48:r=25:d=${FILM_SECONDS}`,
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
    ],
    ...['-threads', '1', '-pix_fmt', 'yuv420p', `file:${path('picture.mp4')}`],
  );
  return path;
}

/** Beeps of 40 ms at the starts of `EVENTS`, at `hertz`. */
export function beeps(hertz: number): string[] {
  const on = EVENTS.map(({ start }) => `between(t,${start},${start + 0.04})`).join('+');
  return ['-f', 'lavfi', '-t', String(FILM_SECONDS), '-i', `aevalsrc='sin(2*PI*${hertz}*t)*(${on})':s=48000`];
}

/** A Matroska film of everything: two sounds, three texts, a font, a cover, chapters, timecode, tags. */
export async function makeFilm(folder: string, name = 'film.mkv'): Promise<string> {
  const path = await trackParts(folder);
  const inputs = ['picture.mp4', 'text.ass', 'text.srt', 'text.vtt', 'pgs.mks', 'tags.txt'];
  ffmpegOutput(
    ...[
      '-y',
      ...inputs.flatMap((one) => ['-seek_timestamp', '1', '-i', `file:${path(one)}`]),
      ...beeps(400),
      ...beeps(900),
    ],
    ...['-map', '0:v', '-map', '6:a', '-map', '7:a', '-map', '1:s', '-map', '2:s', '-map', '3:s', '-map', '4:s'],
    ...['-c:v', 'copy', '-c:a', 'flac', '-c:s', 'copy', '-map_metadata', '5', '-map_chapters', '5'],
    ...['-metadata:s:a:0', 'language=eng', '-metadata:s:a:0', 'title=Main', '-disposition:a:0', 'default'],
    ...['-metadata:s:a:1', 'language=fra', '-metadata:s:a:1', 'title=Remarks', '-disposition:a:1', 'comment'],
    ...['-metadata:s:s:0', 'language=jpn', '-disposition:s:0', 'default', '-disposition:s:1', 'forced'],
    ...['-metadata', 'timecode=01:00:00:10', '-attach', `file:${path('font.ttf')}`],
    ...['-metadata:s:t:0', 'filename=../../font.ttf', '-metadata:s:t:0', 'mimetype=font/ttf'],
    ...['-attach', `file:${path('cover.jpg')}`, '-metadata:s:t:1', 'filename=cover.jpg'],
    ...['-metadata:s:t:1', 'mimetype=image/jpeg', `file:${path(name)}`],
  );
  return path(name);
}
