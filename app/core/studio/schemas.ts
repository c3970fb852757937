/** What every call must look like. Typed by the contract: a method without a schema, or a schema of another shape, does not compile. */
import { z } from 'zod';
import type { Method, Params } from '../../contract/api.ts';
import { AUDIO_MODES, CODECS, DEVICES } from '../../contract/jobs.ts';
import { MOST_KEYFRAMES } from '../../contract/morph.ts';
import { CLIP_ORDERS, CLIP_STATES } from '../../contract/library.ts';
import type { BatchSpec, ExportOptions } from '../../contract/queue.ts';
import {
  SPAN_EXPORTS,
  SPAN_ORDERS,
  TEACH_METHODS,
  type SpanEdit,
  type SpanExportOptions,
} from '../../contract/tags.ts';
import { KEY_PRESETS, THEMES } from '../../contract/settings.ts';
import { boardSchema } from '../boards/schema.ts';
import { spanRulesSchema } from '../tags/spec.ts';
import { changeSchema, recordId as id, settingsSchema } from '../sequence/schemas.ts';

export { changeSchema, markerSchema, settingsSchema, timelineClipSchema } from '../sequence/schemas.ts';

const none = z.strictObject({});
const ids = z.array(id).max(100_000);
const word = z.string().min(1).max(1000);
const path = z
  .string()
  .min(1)
  .max(32_768)
  .regex(/^[^\0]*$/);
const text = z.string().max(1000);
const finite = z.number().min(-1e9).max(1e9);
const count = z.int().nonnegative().max(1e9);
const rational = z.strictObject({ num: z.int(), den: z.int().positive() });
const rate = rational.refine(({ num }) => num > 0, 'must be above 0');
const span = z.strictObject({ min: finite.optional(), max: finite.optional() });
const device = z.enum(DEVICES);
const engine = z.string().min(1).max(200);
const quality = finite.optional();

const versioned = { id, version: count };

const exportOptions = z.strictObject({
  scope: z.discriminatedUnion('what', [
    z.strictObject({ what: z.literal('sequence') }),
    z.strictObject({ what: z.literal('range'), from: count, to: count }),
    z.strictObject({ what: z.literal('segments'), handles: z.int().min(0).max(10_000), clips: ids.optional() }),
  ]),
  output: path,
  codec: z.enum(CODECS),
  quality,
  device: device.optional(),
  container: z
    .string()
    .regex(/^[a-z0-9]{1,8}$/)
    .optional(),
  force: z.boolean(),
}) satisfies z.ZodType<ExportOptions>;

const seconds = z.number().min(0).max(1e7);
const label = z.string().trim().min(1).max(200);
const spanEdit = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('mark'), label, start: seconds, end: seconds }),
  z.strictObject({ type: z.literal(['accept', 'reject', 'remove']), id }),
  z.strictObject({ type: z.literal('reset'), id }),
  z.strictObject({
    type: z.literal('change'),
    id,
    label: label.optional(),
    start: seconds.optional(),
    end: seconds.optional(),
  }),
  z.strictObject({ type: z.literal('split'), id, at: seconds }),
]) satisfies z.ZodType<SpanEdit>;
const spanExport = z.strictObject({
  what: z.enum(SPAN_EXPORTS),
  spans: z.union([z.strictObject({ ids }), z.strictObject({ query: text })]),
  to: path,
  lead: z.number().min(0).max(3600),
  speed: z.number().positive().max(100).optional(),
  ramp: seconds.optional(),
  engine: engine.optional(),
  audio: z.enum(AUDIO_MODES).optional(),
  force: z.boolean(),
}) satisfies z.ZodType<SpanExportOptions>;

const codecAndQuality = { codec: z.enum(CODECS).optional(), quality };
const recipe = z.strictObject({
  speed: rational.refine(({ num }) => num !== 0, 'must not be 0'),
  factor: z.int().min(1).max(1000),
  fps: rate.optional(),
  engine,
  device: device.optional(),
  codec: z.enum(CODECS).optional(),
  quality,
  container: z
    .string()
    .regex(/^[a-z0-9]{1,8}$/)
    .optional(),
  audio: z.enum(AUDIO_MODES).optional(),
});

const batchSpec = z.strictObject({
  input: path,
  output: path,
  recipe,
  recursive: z.boolean(),
  watch: z.boolean(),
  overrides: z.record(z.string().max(4096), recipe.partial().nullable()),
}) satisfies z.ZodType<BatchSpec>;

/** Changes of settings; a setting this version does not know is an error. */
export const settingChangesSchema = z.strictObject({
  theme: z.enum(THEMES).optional(),
  motion: z.enum(['system', 'reduced', 'full']).optional(),
  keys: z
    .strictObject({
      preset: z.enum(KEY_PRESETS),
      changed: z.record(z.string().max(100), z.array(z.string().max(60)).max(8)),
    })
    .optional(),
  device: device.optional(),
  engine: engine.optional(),
  previewHeight: z.literal([360, 540, 720]).optional(),
  cacheBytes: z.number().min(1e8).max(1e15).optional(),
  continueJobs: z.boolean().optional(),
  notify: z.boolean().optional(),
  askBeforeQuit: z.boolean().optional(),
});

const endings = z.array(z.string().regex(/^[A-Za-z0-9]{1,16}$/)).max(100);

export const SCHEMAS: { readonly [M in Method]: z.ZodType<Params<M>> } = {
  'app.info': none,
  'library.add': z.strictObject({ paths: z.array(path).max(100_000) }),
  'library.query': z.strictObject({
    query: z.strictObject({
      text: text.optional(),
      tag: text.optional(),
      state: z.enum(CLIP_STATES).optional(),
      duration: span.optional(),
      rate: span.optional(),
      height: span.optional(),
      duplicates: z.boolean().optional(),
      order: z.enum(CLIP_ORDERS).optional(),
      descending: z.boolean().optional(),
    }),
    offset: count,
    limit: z.int().min(0).max(1000),
  }),
  'library.get': z.strictObject({ ids: ids.max(1000) }),
  'library.remove': z.strictObject({ ids, force: z.boolean() }),
  'library.tag': z.strictObject({ ids, add: z.array(word.max(100)).max(100), remove: z.array(word.max(100)).max(100) }),
  'library.tags': none,
  'library.relink': z.strictObject({ id, path, force: z.boolean() }),
  'library.relinkFolder': z.strictObject({ folder: path }),
  'library.check': none,
  'library.facts': z.strictObject({ id }),
  'library.wantProxy': z.strictObject({ id }),
  'mask.save': z.strictObject({ png: z.base64().max(8 * 2 ** 20) }),
  'mask.import': z.strictObject({ path }),
  'project.list': none,
  'project.create': z.strictObject({ name: word.max(200), settings: settingsSchema.optional() }),
  'project.open': z.strictObject({ id }),
  'project.rename': z.strictObject({ id, name: word.max(200) }),
  'project.remove': z.strictObject({ id }),
  'project.edit': z.strictObject({
    ...versioned,
    edit: z.strictObject({ label: word.max(100), changes: z.array(changeSchema).max(100_000) }),
  }),
  'project.undo': z.strictObject(versioned),
  'project.redo': z.strictObject(versioned),
  'project.place': z.strictObject({
    ...versioned,
    clips: z.array(z.strictObject({ media: id, from: finite.optional(), to: finite.optional() })).max(10_000),
    at: count,
    how: z.enum(['insert', 'append']),
  }),
  'project.export': z.strictObject({ id, path, force: z.boolean() }),
  'project.import': z.strictObject({ path }),
  'project.importMarkers': z.strictObject({ ...versioned, path }),
  'preview.clip': z.strictObject({ project: id, clip: id }),
  'preview.render': z.strictObject({ project: id, around: count, clips: ids.optional() }),
  'preview.stop': z.strictObject({ project: id }),
  'preview.frame': z.strictObject({ project: id, clip: id, frame: count, engine }),
  'export.presets': none,
  'export.plan': z.strictObject({ project: id, options: exportOptions }),
  'export.start': z.strictObject({ project: id, options: exportOptions }),
  'queue.status': none,
  'queue.pause': z.strictObject({ id }),
  'queue.resume': z.strictObject({ id }),
  'queue.cancel': z.strictObject({ id }),
  'queue.move': z.strictObject({ id, before: id.nullable() }),
  'queue.retry': z.strictObject({ id }),
  'queue.clear': z.strictObject({ ids }),
  'queue.hold': z.strictObject({ held: z.boolean() }),
  'queue.continue': none,
  'queue.log': z.strictObject({ id }),
  'batch.plan': z.strictObject({ spec: batchSpec }),
  'batch.start': z.strictObject({ spec: batchSpec }),
  'batch.list': none,
  'batch.stop': z.strictObject({ id }),
  'pair.start': z.strictObject({
    spec: z.strictObject({
      a: path,
      b: path,
      recursions: z.int().min(1).max(8),
      engine,
      device: device.optional(),
      fps: rate,
      output: path.optional(),
    }),
  }),
  'pair.list': none,
  'pair.cancel': z.strictObject({ id }),
  'board.engines': none,
  'board.list': none,
  'board.create': z.strictObject({ name: word }),
  'board.open': z.strictObject({ id }),
  'board.remove': z.strictObject({ id }),
  'board.edit': z.strictObject({ ...versioned, label: text, board: boardSchema }),
  'board.undo': z.strictObject(versioned),
  'board.redo': z.strictObject(versioned),
  'board.plan': z.strictObject({ id }),
  'board.pictures': z.strictObject({ id }),
  'board.render': z.strictObject({ id, gaps: z.array(z.int().min(0)).max(MOST_KEYFRAMES).optional() }),
  'board.stop': z.strictObject({ id }),
  'board.points': z.strictObject({ id, keyframe: id, engine }),
  'board.export': z.strictObject({ id, output: path, ...codecAndQuality, force: z.boolean() }),
  'board.fromTimeline': z.strictObject({ project: id, at: count, frames: count.optional() }),
  'board.toTimeline': z.strictObject({ id }),
  'models.list': none,
  'models.show': z.strictObject({ id: word.max(200) }),
  'models.install': z.strictObject({ id: word.max(200), accept: z.boolean() }),
  'models.import': z.strictObject({ path, id: word.max(200).optional(), licence: text.optional() }),
  'models.remove': z.strictObject({ id: word.max(200) }),
  'models.verify': z.strictObject({ id: word.max(200) }),
  'models.cancel': z.strictObject({ id: word.max(200) }),
  'engines.list': none,
  'engines.measure': z.strictObject({ id: engine }),
  'devices.list': none,
  'devices.test': z.strictObject({ device }),
  'tags.engines': none,
  'tags.start': z.strictObject({
    clips: ids,
    engine: engine.optional(),
    rules: spanRulesSchema.optional(),
    again: z.boolean(),
  }),
  'tags.clip': z.strictObject({ id }),
  'tags.scores': z.strictObject({
    run: id,
    labels: z.array(label).max(100),
    from: seconds,
    to: seconds,
    points: z.int().min(1).max(10_000),
  }),
  'tags.strongest': z.strictObject({ run: id, most: z.int().min(1).max(1000) }),
  'tags.edit': z.strictObject({ clip: id, version: count, edits: z.array(spanEdit).min(1).max(10_000) }),
  'tags.undo': z.strictObject({ clip: id, version: count }),
  'tags.redo': z.strictObject({ clip: id, version: count }),
  'tags.rules': z.strictObject({ run: id, rules: spanRulesSchema, keep: z.boolean() }),
  'tags.find': z.strictObject({
    query: z.strictObject({ text, order: z.enum(SPAN_ORDERS).optional() }),
    offset: count,
    limit: z.int().min(1).max(1000),
  }),
  'tags.labels': none,
  'tags.judge': z.strictObject({ ids, state: z.enum(['accepted', 'rejected', 'found']) }),
  'tags.export': z.strictObject({ options: spanExport }),
  'teach.list': none,
  'teach.make': z.strictObject({ label, engine, method: z.enum(TEACH_METHODS) }),
  'teach.remove': z.strictObject({ id }),
  'teach.export': z.strictObject({ id, path, force: z.boolean() }),
  'teach.import': z.strictObject({ path }),

  'settings.get': none,
  'settings.set': z.strictObject({ changes: settingChangesSchema }) as z.ZodType<Params<'settings.set'>>,
  'cache.status': none,
  'cache.clear': z.strictObject({ what: z.enum(['chunks', 'proxies', 'thumbnails']) }),
  'files.browse': z.strictObject({
    path: z
      .string()
      .max(32_768)
      .regex(/^[^\0]*$/),
  }),
  'host.pickFiles': z.strictObject({ title: text, endings, many: z.boolean() }),
  'host.pickFolder': z.strictObject({ title: text }),
  'host.pickSave': z.strictObject({ title: text, name: text, endings }),
  'host.reveal': z.strictObject({ path }),
  'host.fullscreen': z.strictObject({ on: z.boolean() }),
};
