/** What an export may be written as, by the names editors know. Whether this machine's ffmpeg can is said by the plan. */
import type { ExportPreset } from '../../contract/queue.ts';

/** The first is what the dialog begins with. Qualities are the codec's own (media/encoders.ts). */
export const EXPORT_PRESETS: readonly ExportPreset[] = [
  {
    id: 'h264',
    name: 'H.264 MP4',
    about: 'Plays everywhere. 8 bit; of 10 bit sources it keeps 10, which some players refuse.',
    codec: 'h264',
    container: 'mp4',
    quality: 18,
  },
  {
    id: 'h264-small',
    name: 'H.264 MP4, small',
    about: 'To send to somebody: about half the bytes, and it shows in grain.',
    codec: 'h264',
    container: 'mp4',
    quality: 23,
  },
  {
    id: 'hevc',
    name: 'HEVC MP4',
    about: 'Half the size of H.264 at 10 bit and HDR, for recent devices.',
    codec: 'hevc',
    container: 'mp4',
    quality: 20,
  },
  {
    id: 'prores-422-hq',
    name: 'ProRes 422 HQ MOV',
    about: 'To go on with in an editor. 10 bit, large, with uncompressed sound.',
    codec: 'prores',
    container: 'mov',
    quality: 3,
  },
  {
    id: 'prores-422',
    name: 'ProRes 422 MOV',
    about: 'As ProRes 422 HQ, a third smaller.',
    codec: 'prores',
    container: 'mov',
    quality: 2,
  },
  {
    id: 'prores-4444',
    name: 'ProRes 4444 MOV',
    about: 'For sources with full colour or transparency.',
    codec: 'prores',
    container: 'mov',
    quality: 4,
  },
  {
    id: 'av1',
    name: 'AV1 MP4',
    about: 'The smallest files; slow to write, and old devices do not play it.',
    codec: 'av1',
    container: 'mp4',
    quality: 28,
  },
  {
    id: 'vp9',
    name: 'VP9 WebM',
    about: 'For web pages.',
    codec: 'vp9',
    container: 'webm',
    quality: 24,
  },
  {
    id: 'ffv1',
    name: 'FFV1 MKV, lossless',
    about: 'Every sample as it was made. Very large.',
    codec: 'ffv1',
    container: 'mkv',
  },
];
