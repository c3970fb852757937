/**
 * A project as one file, for somebody else or another machine: `name.inbetween`.
 *
 * [Note: .inbetween] JSON with the name and version of its schema first. It holds the sequence and where its media were: absolute, from the
 * file's folder, and by content. It holds the masks that were painted, but no media and no history. Reading believes nothing: sizes are bounded, every field is checked, unknown ones
 * are refused, and a path is only looked at where the user may look.
 */
import { dirname, relative, sep } from 'node:path';
import { z } from 'zod';
import type { ProjectState } from '../../../contract/project.ts';
import { problemOf } from '../../sequence/apply.ts';
import { markerSchema, recordId, settingsSchema, timelineClipSchema } from '../../sequence/schemas.ts';
import { badProject, cleanName, FILE_LIMITS, type ForeignMedia } from './foreign.ts';
import type { Outgoing, Written } from './outgoing.ts';

const SCHEMA = 'inbetween-project';
const VERSION = 1;

const path = z
  .string()
  .min(1)
  .max(32_768)
  .regex(/^[^\0]*$/);
const mediaSchema = z.strictObject({
  id: recordId,
  name: z.string().max(1000),
  path: path.optional(),
  relative: path.optional(),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
const fileSchema = z.strictObject({
  schema: z.literal(`${SCHEMA}.${VERSION}`),
  name: z.string().min(1).max(200),
  settings: settingsSchema,
  media: z.array(mediaSchema).max(FILE_LIMITS.records),
  clips: z.array(timelineClipSchema).max(FILE_LIMITS.records),
  markers: z.array(markerSchema).max(FILE_LIMITS.records),
  /** Painted masks that clips name: PNGs by id. */
  masks: z.record(z.string().regex(/^[0-9a-f]{64}$/), z.base64()).optional(),
});

/** `target` is where it will be written. */
export function writeInbetween({ name, state, media, masks = {} }: Outgoing, target: string): Written {
  const folder = dirname(target);
  const clips = Object.values(state.clips);
  const files = [...new Set(clips.map((clip) => clip.media))].map((id) => {
    const file = media.get(id);
    if (!file) return { id, name: clips.find((clip) => clip.media === id)!.name };
    const way = relative(folder, file.path).split(sep).join('/');
    return { id, name: file.name, path: file.path, relative: way || undefined, hash: file.hash ?? undefined };
  });
  const file: z.input<typeof fileSchema> = {
    schema: `${SCHEMA}.${VERSION}`,
    name: name.slice(0, 200),
    settings: state.settings,
    media: files,
    clips,
    markers: Object.values(state.markers),
    ...(Object.keys(masks).length > 0 && { masks }),
  };
  const notes = files.some((one) => one.hash === undefined)
    ? ['Some media had not been read to their end yet, so they can be found by their place only, not by their content.']
    : [];
  return { text: `${JSON.stringify(file, undefined, 1)}\n`, notes };
}

export interface ReadInbetween {
  readonly name: string;
  /** Clips name media by the ids of `media`. */
  readonly state: ProjectState;
  readonly media: ReadonlyMap<string, ForeignMedia>;
  /** Painted masks as base64, by the id that clips name. */
  readonly masks: Readonly<Record<string, string>>;
}

/** Throws bad-project. */
export function readInbetween(text: string): ReadInbetween {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw badProject('It is no .inbetween file: it is not JSON.', cause);
  }
  const version = /^inbetween-project\.(\d{1,6})$/.exec(String((json as { schema?: unknown } | null)?.schema))?.[1];
  if (version === undefined) throw badProject('It is no .inbetween file: it does not say so.');
  if (Number(version) > VERSION) throw badProject('It was written by a newer version of Inbetween.');
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw badProject(
      `At ${issue?.path.join('.') || 'its top'} it is not as it must be: ${issue?.message ?? 'unknown'}.`,
    );
  }
  const { name, settings, media, clips, markers, masks = {} } = parsed.data;
  const state: ProjectState = { settings, clips: byId(clips, 'clips'), markers: byId(markers, 'markers') };
  const problem = problemOf(state);
  if (problem !== null) throw badProject(`It is no sequence. ${problem}`);
  const files = new Map(media.map(({ id, ...one }) => [id, one]));
  return { name: cleanName(name) || 'Project', state, media: files, masks };
}

function byId<T extends { id: string }>(records: readonly T[], what: string): Record<string, T> {
  const map = new Map(records.map((record) => [record.id, record]));
  if (map.size !== records.length) throw badProject(`Two of its ${what} have the same id.`);
  return Object.fromEntries(map);
}
