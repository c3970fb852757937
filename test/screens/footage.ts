/** Clips for pictures of the studio: of shared/ where it is, else made by ffmpeg. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ffmpegOutput, makeClip } from '../support/clips.ts';

/** Of clips/train, whose licences allow showing them: SAM 2's demo (Apache 2.0), Big Buck Bunny (CC BY 3.0), Intel's samples (CC BY 4.0), CC0 and public domain. */
const NAMES = [
  'sam2_02-cups-043.mp4',
  'sam2_01-dog-042.mp4',
  'sam2_03-blocks-044.mp4',
  'sam2_04-coffee-045.mp4',
  'moviepy_big-buck-bunny-0-30-279.mp4',
  'sample-videos_car-detection-021.mp4',
  'shared-assets_flower-033.mp4',
  'moviepy_chaplin-281.mp4',
];

/** At least six clips; one of them, with 'cups' in its name, has a flash over half of one picture: something for the trust strip to find. */
export function footage(folder: string): string[] {
  const shared = process.env['INBETWEEN_SHARED'];
  const found =
    shared === undefined ? [] : NAMES.map((name) => join(shared, 'clips', 'train', name)).filter(existsSync);
  mkdirSync(folder, { recursive: true });
  if (found.length >= 6) {
    const flash = join(folder, 'cups with a flash.mp4');
    const half = "drawbox=x=0:y=0:w=iw/2:h=ih:color=white:t=fill:enable='eq(n,50)'";
    ffmpegOutput('-i', `file:${found[0]}`, '-vf', half, '-an', '-c:v', 'libx264', '-crf', '18', '-y', `file:${flash}`);
    return [flash, ...found];
  }
  return [
    'mandelbrot',
    'test pattern',
    'two shots',
    'three shots',
    'short',
    'a rather long name of a clip that nobody shortened',
  ].map((name, i) => {
    const path = join(folder, `${name}.mp4`);
    makeClip(path, { size: '640x360', seconds: 2 + i, shots: 1 + (i % 3) });
    return path;
  });
}
