/** The 52 awkward files of shared/clips/odd. `npm test` looks at a choice of them where looking costs much, `npm run test:long` at all. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shared } from './command.ts';

/** Set by test/long/odd.long.ts. */
export const ALL = process.env['INBETWEEN_ODD'] === 'all';

export const oddFolder = shared && join(shared, 'clips', 'odd');
const index = oddFolder && join(oddFolder, 'index.json');

/** Each with what is awkward about it; none without INBETWEEN_SHARED. */
export const ODD: readonly { readonly file: string; readonly why: string }[] =
  index && existsSync(index) ? JSON.parse(readFileSync(index, 'utf8')) : [];

/** What is refused on every machine, and by which code. */
export const REFUSED: Readonly<Record<string, string>> = {
  'mediabunny__multiple-aac-tracks.mp4': 'no-video',
  'media__sample_fragmented_uuid.mp4': 'no-frames',
};

/** What is refused where ffmpeg lacks the decoder. */
export const NEEDS_DECODER: Readonly<Record<string, string>> = {
  'media__sample_vvc.mp4': 'vvc',
  'torchcodec__av1_video.mkv': 'av1',
  'media__sample_with_colr_mdcv_and_clli.mp4': 'av1',
  'testdata__video-3s.avi': 'indeo4',
};

/** Each awkward in another way, none large: what is refused, turned, anamorphic, RGB, deep, HDR, 4:4:4, without a duration, a first keyframe or sound enough. */
export const FEW: readonly string[] = [
  ...Object.keys(REFUSED),
  'media__sample_vvc.mp4',
  'testdata__video-3s.avi',
  'decord__video_90.mov',
  'auto-editor__SAR-2by3.mp4',
  'auto-editor__h264-mjpeg.mkv',
  'imageio-binaries__newtonscradle.gif',
  'media__dolbyVision-hdr.MOV',
  'media__sample_shorter_audio.mp4',
  'media__sample_twos_pcm.mp4',
  'media__sample_fragmented.mp4',
  'media__sample_with_chapters.mkv',
  'media__sample-with-large-length.avi',
  'media__sample_android_slow_motion.mp4',
  'mediabunny__no-initial-keyframe.ts',
  'moviepy__no_duration.webm',
];

/** Of those, enough to tell that the whole command still takes what is refused, old, not square, or without a duration. */
export const FEWEST: readonly string[] = [
  ...Object.keys(REFUSED),
  'testdata__video-3s.avi',
  'imageio-binaries__newtonscradle.gif',
  'mediabunny__no-initial-keyframe.ts',
];
