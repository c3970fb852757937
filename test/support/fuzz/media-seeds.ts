/** Small films and pictures of every kind that is read, as what mutations begin with. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ffmpegOutput } from '../clips.ts';
import { oddFolder } from '../odd.ts';

export interface Seed {
  readonly name: string;
  readonly kind: 'film' | 'still';
  readonly bytes: Buffer;
}

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=24:duration=0.5'];
const SOUND = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=0.5'];
const SUBTITLES = '1\n00:00:00,100 --> 00:00:00,400\n<i>two words</i>\n';
const CHAPTERS = ';FFMETADATA1\ntitle=seed\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=250\ntitle=one\n';

/** Ending and options of each film; `S` where subtitles and chapters come in. */
const FILMS: readonly (readonly [ending: string, options: string])[] = [
  ['mp4', '-c:v libx264 -g 6 -bf 2 -c:a aac'],
  ['frag.mp4', '-c:v libx264 -g 4 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof'],
  ['subs.mp4', 'S -c:v mpeg4 -c:a aac -c:s mov_text'],
  ['hevc10.mp4', '-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le -an'],
  ['prores.mov', '-c:v prores_ks -c:a pcm_s16be -timecode 01:00:00:00'],
  ['alpha.mov', '-c:v qtrle -pix_fmt argb -c:a alac'],
  ['mjpeg.mov', '-c:v mjpeg -c:a pcm_s24le'],
  ['mkv', 'S -c:v libx264 -g 6 -c:a libopus -c:s ass'],
  ['ffv1.mkv', '-c:v ffv1 -level 3 -slices 4 -pix_fmt yuv422p10le -c:a flac'],
  ['av1.mkv', '-c:v libaom-av1 -cpu-used 8 -c:a libvorbis'],
  ['vp9.webm', '-c:v libvpx-vp9 -deadline realtime -c:a libopus'],
  ['vp8.webm', '-c:v libvpx -deadline realtime -auto-alt-ref 0 -pix_fmt yuva420p -c:a libvorbis'],
  ['avi', '-c:v mpeg4 -c:a libmp3lame'],
  ['raw.avi', '-c:v rawvideo -pix_fmt yuv420p -c:a pcm_s16le'],
  ['ts', '-c:v libx264 -g 6 -c:a mp2'],
  ['mpg', '-c:v mpeg2video -flags +ildct+ilme -c:a mp2'],
  ['flv', '-c:v flv1 -ar 44100 -c:a libmp3lame'],
  ['3gp', '-s 128x96 -c:v h263 -c:a aac'],
  ['wmv', '-c:v wmv2 -c:a wmav2'],
  ['mxf', '-r 25 -s 64x48 -c:v mpeg2video -c:a pcm_s16le'],
  ['ogv', '-c:v libtheora -c:a libvorbis'],
  ['nut', '-c:v huffyuv -c:a pcm_s16le'],
  ['y4m', '-pix_fmt yuv420p -an'],
  ['gif', '-an'],
  ['apng', '-an -plays 0'],
  ['wav', '-vn'],
];

const STILLS: readonly (readonly [ending: string, options: string])[] = [
  ['png', '-pix_fmt rgba'],
  ['16.png', '-pix_fmt rgb48be'],
  ['jpg', '-pix_fmt yuvj420p'],
  ['tiff', '-pix_fmt rgb48le -compression_algo deflate'],
  ['lzw.tif', '-pix_fmt rgb24 -compression_algo lzw'],
  ['webp', '-c:v libwebp -lossless 0'],
  ['lossless.webp', '-c:v libwebp -lossless 1 -pix_fmt bgra'],
  ['exr', '-pix_fmt gbrpf32le'],
  ['bmp', ''],
  ['tga', ''],
  ['ppm', ''],
  ['jp2', '-c:v libopenjpeg'],
  ['dpx', '-pix_fmt gbrp10be'],
];

/** Smallest of the awkward clips that are taken, in bytes. */
const ODD_BYTES = 110_000;

/** Makes the seeds in `folder`, all or those whose ending is in `only`; kinds that this ffmpeg cannot write are left out. The awkward clips come with INBETWEEN_SHARED. */
export function makeSeeds(folder: string, only?: readonly string[]): Seed[] {
  writeFileSync(join(folder, 'subtitles.srt'), SUBTITLES);
  writeFileSync(join(folder, 'chapters.txt'), CHAPTERS);
  const texts = ['-i', join(folder, 'subtitles.srt'), '-i', join(folder, 'chapters.txt'), '-map_metadata', '3'];
  const words = (options: string): string[] => options.split(' ').filter(Boolean);
  const exact = ['-threads', '1', '-fflags', '+bitexact', '-flags', '+bitexact', '-y'];
  const wanted = ([ending]: readonly [string, string]): boolean => only === undefined || only.includes(ending);
  const films = FILMS.filter(wanted).map(([ending, options]) => {
    const more = options.startsWith('S ') ? [...texts, '-map', '0', '-map', '1', '-map', '2'] : [];
    const args = [...PICTURE, ...SOUND, ...more, ...words(options.replace(/^S /, ''))];
    return made(folder, ending, 'film', [...args, '-strict', 'experimental', ...exact]);
  });
  const stills = STILLS.filter(wanted).map(([ending, options]) =>
    made(folder, ending, 'still', [...PICTURE, '-frames:v', '1', ...words(options), '-update', '1', ...exact]),
  );
  return [...films, ...stills, ...(only ? [] : oddSeeds())].filter((seed) => seed !== undefined);
}

function made(folder: string, ending: string, kind: Seed['kind'], args: readonly string[]): Seed | undefined {
  const name = `${kind}.${ending}`;
  const path = join(folder, name);
  try {
    ffmpegOutput(...args, path);
    return { name, kind, bytes: readFileSync(path) };
  } catch {
    return undefined;
  }
}

function oddSeeds(): Seed[] {
  if (!oddFolder || !existsSync(oddFolder)) return [];
  const folder = oddFolder;
  return readdirSync(folder)
    .toSorted()
    .filter((name) => !name.endsWith('.json') && statSync(join(folder, name)).size <= ODD_BYTES)
    .map((name) => ({ name, kind: 'film', bytes: readFileSync(join(folder, name)) }));
}
