/**
 * What a recogniser is scored on. [Note: recognition protocol]
 *
 *   {"videos": [{"file", "group"?, "person"?, "label"?, "spans"?: [{label, start, end}], "examples"?}]}
 *
 * `file` is relative to the protocol and may climb with '..'. `label`: it happens all the time, and the video counts for the top 1 of its group (the set it belongs to,
 * '' unless given). `spans`, in seconds: all that happens in it, perhaps nothing; the video counts for the mean average precision of its group. `person` is whoever is seen:
 * taught labels are tried on people none of whose videos gave examples; a video without one is a person of its own. With `examples` true it only gives examples.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';

export interface TruthSpan {
  readonly label: string;
  readonly start: number;
  readonly end: number;
}

export interface WatchedVideo {
  /** Absolute. */
  readonly file: string;
  readonly group: string;
  readonly person: string;
  readonly label: string | null;
  readonly spans: readonly TruthSpan[] | null;
  /** It only gives examples for taught labels. */
  readonly examples: boolean;
}

const MOST_VIDEOS = 100_000;
const name = z.string().trim().min(1).max(200);
const seconds = z.number().min(0).max(1e6);
const schema = z.object({
  videos: z
    .array(
      z
        .object({
          file: z.string().min(1).max(4096),
          group: z.string().max(200).default(''),
          person: z.string().max(200).optional(),
          label: name.optional(),
          spans: z
            .array(
              z
                .object({ label: name, start: seconds, end: seconds })
                .refine(({ start, end }) => start < end, 'a span must end after it starts'),
            )
            .max(100_000)
            .optional(),
          examples: z.boolean().default(false),
        })
        .refine(({ label, spans }) => label !== undefined || spans !== undefined, 'a label or spans must be given'),
    )
    .min(1)
    .max(MOST_VIDEOS),
});

/**
 * The videos of a protocol of recognition, or undefined where `path` is something else to be scored. Files are looked for here. Throws 'bad-protocol' and
 * 'not-found', naming the entry.
 */
export async function readRecognition(path: string): Promise<WatchedVideo[] | undefined> {
  if (!/\.json$/i.test(path)) return undefined;
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError('not-found', `There is nothing to score at '${path}'.`, { cause });
  });
  const videos = parseRecognition(text, path);
  for (const { file } of videos ?? []) {
    const info = await stat(file).catch(() => undefined);
    if (!info?.isFile()) throw new AppError('not-found', `'${path}' names '${file}', which is not there.`);
  }
  return videos;
}

/** The videos of a protocol's text, or undefined where it is none of recognition; `path` is where it lies. Throws 'bad-protocol'. */
export function parseRecognition(text: string, path: string): WatchedVideo[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('videos' in value)) return undefined;
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const { message, path: at } = parsed.error.issues[0]!;
    throw new AppError('bad-protocol', `'${path}', '${at.join('.')}': ${message}.`);
  }
  return parsed.data.videos.map(({ file, group, person, label = null, spans = null, examples }) => {
    const whole = resolve(dirname(path), file);
    return { file: whole, group, person: person || basename(whole), label, spans, examples };
  });
}
