/** The ten pairs of real stills of docs/morphs.md, out of the shared clips. */
import { join } from 'node:path';
import type { Rgb8 } from '../../app/core/score/rgb.ts';
import { atHeight, croppedLike, cut, framesOf, stillOf } from './pictures.ts';

export interface Pair {
  readonly name: string;
  /** For people. */
  readonly what: string;
  readonly first: Rgb8;
  readonly last: Rgb8;
  /** The true pictures between them at even times, where there are any: 14. */
  readonly truth?: readonly Rgb8[];
}

/** Left, top, width and height as parts of the picture's. */
type Crop = readonly [number, number, number, number];

type Source =
  /** Frames first to last of a video, a multiple of 15 apart where the truth is to be shown. */
  | { readonly video: string; readonly from: number; readonly to: number; readonly crop?: Crop | undefined }
  | { readonly stills: readonly [string, string] }
  /** A frame of each of two videos. */
  | { readonly videos: readonly [string, string]; readonly at: number };

const LIST: readonly { readonly name: string; readonly what: string; readonly source: Source }[] = [
  { name: 'portrait', what: 'near-duplicates', source: x4k('TEST10_172_f1905') },
  {
    name: 'carphone',
    what: 'a face, two seconds apart',
    source: video('eval/videos/carphone_pristine_176x144.mp4', 0, 60),
  },
  {
    name: 'arm',
    what: 'an arm raised, a second apart; person held out',
    source: video('actions/ud810_ps7/PS7A2P3T1.mp4', 10, 40, [0, 0.1, 0.85, 0.9]),
  },
  {
    name: 'yoga',
    what: 'a pose, a second apart; held out',
    source: video('actions/samples/Ask-Anything__yoga.mp4', 20, 50, [0.28, 0.1, 0.5, 0.8]),
  },
  {
    name: 'juggle',
    what: 'a ball and a person, 1.25 s apart; held out',
    source: video('actions/samples/sam2__05_default_juggle.mp4', 20, 50, [0.3, 0, 0.5, 1]),
  },
  {
    name: 'bedroom',
    what: 'a jumping girl',
    source: { stills: ['eval/sam2_bedroom/000.jpg', 'eval/sam2_bedroom/016.jpg'] },
  },
  { name: 'dog', what: 'a walk, and a dog that turns', source: video('train/sam2_01-dog-042.mp4', 5, 35) },
  { name: 'cradle', what: 'a metal ball', source: video('odd/imageio-binaries__newtonscradle.gif', 0, 15) },
  {
    name: 'ice',
    what: 'a block of ice and the vase it becomes; held out',
    source: video('actions/samples/examples__carving_ice.mp4', 15, 180),
  },
  {
    name: 'unrelated',
    what: 'a flower and a cockatoo',
    source: {
      videos: ['train/shared-assets_flower-033.mp4', 'train/imageio-binaries_cockatoo-yuv420-039.mp4'],
      at: 20,
    },
  },
];

function video(path: string, from: number, to: number, crop?: Crop): Source {
  return { video: path, from, to, crop };
}

function x4k(scene: string): Source {
  const at = (n: string) => `eval/x4k1000_test_512x270/${scene}/${n}.png`;
  return { stills: [at('0000'), at('0032')] };
}

function cropped(picture: Rgb8, crop: Crop | undefined): Rgb8 {
  if (!crop) return picture;
  const { width, height } = picture;
  const [left, top, wide, high] = [crop[0] * width, crop[1] * height, crop[2] * width, crop[3] * height];
  return cut(picture, Math.floor(left), Math.floor(top), Math.floor(wide), Math.floor(high));
}

/** Each pair at `height` lines. `clips` is the folder of the shared clips. */
export async function* pairsOf(clips: string, height: number): AsyncGenerator<Pair> {
  for (const { source, ...about } of LIST) {
    const at = (path: string) => join(clips, path);
    if ('video' in source) {
      const { from, to } = source;
      const numbers = Array.from({ length: 16 }, (_, i) => Math.round(from + (i * (to - from)) / 15));
      const whole = (await framesOf(at(source.video), numbers)).map((frame) => cropped(frame, source.crop));
      const frames = whole.map((frame) => atHeight(frame, height));
      yield { ...about, first: frames[0]!, last: frames.at(-1)!, truth: frames.slice(1, -1) };
      continue;
    }
    const [a, b] =
      'stills' in source
        ? [await stillOf(at(source.stills[0])), await stillOf(at(source.stills[1]))]
        : [
            (await framesOf(at(source.videos[0]), [source.at]))[0]!,
            (await framesOf(at(source.videos[1]), [source.at]))[0]!,
          ];
    const first = atHeight(a, height);
    yield { ...about, first, last: atHeight(croppedLike(b, first), height, first.width) };
  }
}
