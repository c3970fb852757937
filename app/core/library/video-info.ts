/** What probing said, as it is stored: checked when it is read again. */
import { z } from 'zod';
import type { VideoInfo } from '../../contract/media.ts';

const rational = z.object({ num: z.int(), den: z.int().positive() });
const index = z.int().nonnegative();
const seconds = z.number().optional();
const tag = z.string().optional();

const labels = {
  language: tag,
  title: tag,
  handler: tag,
  dispositions: z.array(z.string()).optional(),
};

const colour = z.object({
  range: z.enum(['limited', 'full']).optional(),
  matrix: tag,
  inferred: z.array(z.enum(['range', 'matrix'])).optional(),
  primaries: tag,
  transfer: tag,
  chromaLocation: tag,
});

const video = z.object({
  index,
  codec: z.string(),
  pixelFormat: z.string(),
  codedWidth: index,
  codedHeight: index,
  width: index,
  height: index,
  rotation: z.literal([0, 90, 180, 270]),
  mirrored: z.boolean(),
  sampleAspect: rational,
  timeBase: rational,
  averageRate: rational.optional(),
  nominalRate: rational.optional(),
  bitDepth: index,
  colour,
  hasAlpha: z.boolean(),
  decoder: z.enum(['libvpx', 'libvpx-vp9']).optional(),
  fieldOrder: tag,
  hdr: z
    .object({
      mastering: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
      contentLight: z.object({ max: z.number(), average: z.number() }).optional(),
    })
    .optional(),
  dolbyVision: z.boolean(),
  duration: seconds,
  frameCount: z.number().optional(),
  ...labels,
});

const audio = z.object({
  index,
  codec: z.string(),
  sampleRate: z.number(),
  channels: z.number(),
  channelLayout: tag,
  ...labels,
  duration: seconds,
  startTime: seconds,
  unedited: seconds,
});

const section = z.object({ from: z.number(), to: seconds, speed: rational });
const recorded = z.object({
  by: z.enum(['android', 'samsung', 'apple']),
  captureRate: rational.optional(),
  decoded: z.enum(['stored', 'recorded']),
  sections: z.array(section),
  shown: z.object({ from: z.number(), to: z.number() }).optional(),
  regions: z.array(section).optional(),
});

/** Optional members that are missing stay missing: JSON has no undefined. */
export const videoInfoSchema = z.object({
  path: z.string(),
  format: z.string(),
  bytes: z.number(),
  duration: seconds,
  video,
  audio: z.array(audio),
  other: z.array(
    z.object({
      index,
      type: z.enum(['subtitle', 'data', 'attachment', 'cover', 'video']),
      codec: z.string(),
      tag,
      fileName: tag,
      mimeType: tag,
      ...labels,
    }),
  ),
  chapters: z.number(),
  chapterList: z.array(z.object({ start: z.number(), end: z.number(), title: z.string() })).optional(),
  tags: z.record(z.string(), z.string()),
  recorded: recorded.optional(),
  warnings: z.array(z.string()),
}) as z.ZodType<VideoInfo>;
