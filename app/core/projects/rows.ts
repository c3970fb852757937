/** Rows of projects: what is in them now. The history is in step-rows.ts. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { Change, ProjectState, ProjectSummary, SequenceSettings } from '../../contract/project.ts';
import { parseJson } from '../base/json.ts';
import type { Library } from '../library/db.ts';
import { sequenceLength } from '../sequence/geometry.ts';
import { markerSchema, settingsSchema, timelineClipSchema } from '../sequence/schemas.ts';
import { toNumber } from '../time/rational.ts';

const rowSchema = z
  .object({
    number: z.number(),
    id: z.string(),
    name: z.string(),
    version: z.number(),
    settings: z.string(),
    settings_from_clip: z.number(),
    clips: z.number(),
    duration: z.number(),
    created_at: z.number(),
    updated_at: z.number(),
  })
  .transform(({ settings_from_clip, created_at, updated_at, ...row }) => ({
    ...row,
    settingsFromClip: settings_from_clip !== 0,
    createdAt: created_at,
    updatedAt: updated_at,
  }));

export type ProjectRow = z.output<typeof rowSchema>;

/** Throws project-unknown. */
export function projectRow(db: Library, id: string): ProjectRow {
  const row = db.get(rowSchema, 'SELECT * FROM projects WHERE id = ?', id);
  if (row) return row;
  throw new AppError('project-unknown', 'There is no such project; it may have been removed.');
}

/** Newest change first. */
export function projectRows(db: Library): ProjectRow[] {
  return db.all(rowSchema, 'SELECT * FROM projects ORDER BY updated_at DESC, number DESC');
}

export function summaryOf(row: ProjectRow): ProjectSummary {
  const iso = (at: number) => new Date(at).toISOString();
  const { id, name, clips, duration } = row;
  return { id, name, createdAt: iso(row.createdAt), updatedAt: iso(row.updatedAt), clips, duration };
}

/** A project without clips; its id. `settings` undefined leaves them to the first clip. */
export function insertProject(
  db: Library,
  { name, settings, fromClip }: { name: string; settings: SequenceSettings; fromClip: boolean },
  now = Date.now(),
): string {
  const id = randomUUID();
  db.run(
    'INSERT INTO projects (id, name, settings, settings_from_clip, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
    ...[id, name, JSON.stringify(settings), Number(fromClip), now, now],
  );
  return id;
}

export function renameRow(db: Library, id: string, name: string, now = Date.now()): void {
  db.run('UPDATE projects SET name = ?, updated_at = ? WHERE id = ?', name, now, id);
}

export function deleteRow(db: Library, id: string): boolean {
  return db.run('DELETE FROM projects WHERE id = ?', id) > 0;
}

const recordSchema = z.object({ kind: z.enum(['clip', 'marker']), id: z.string(), data: z.string() });

/** What is in a project, checked. Throws 'database' where it is not what Inbetween wrote. */
export function stateOf(db: Library, row: ProjectRow): ProjectState {
  const settings = need(row, parseJson(settingsSchema, row.settings));
  const clips: ProjectState['clips'] = {};
  const markers: ProjectState['markers'] = {};
  const records = 'SELECT kind, id, data FROM project_records WHERE project = ? ORDER BY kind, id';
  for (const { kind, id, data } of db.all(recordSchema, records, row.number)) {
    if (kind === 'clip') clips[id] = need(row, parseJson(timelineClipSchema, data));
    else markers[id] = need(row, parseJson(markerSchema, data));
  }
  return { settings, clips, markers };
}

function need<T>(row: ProjectRow, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new AppError('database', `The project '${row.name}' holds something Inbetween did not write.`);
}

/** Writes what `changes` left. `state` is the whole after them. */
export function storeChanges(
  db: Library,
  row: ProjectRow,
  changes: readonly Change[],
  { state, version, now }: { state: ProjectState; version: number; now: number },
): void {
  for (const change of changes) {
    if (change.kind === 'settings') continue;
    if (change.after === null) {
      db.run(
        'DELETE FROM project_records WHERE project = ? AND kind = ? AND id = ?',
        row.number,
        change.kind,
        change.id,
      );
      continue;
    }
    db.run(
      `INSERT INTO project_records (project, kind, id, media, data) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (project, kind, id) DO UPDATE SET media = excluded.media, data = excluded.data`,
      ...[row.number, change.kind, change.id],
      ...[change.kind === 'clip' ? change.after.media : null, JSON.stringify(change.after)],
    );
  }
  db.run(
    'UPDATE projects SET version = ?, settings = ?, clips = ?, duration = ?, updated_at = ? WHERE number = ?',
    ...[version, JSON.stringify(state.settings), Object.keys(state.clips).length],
    ...[sequenceLength(state) / toNumber(state.settings.rate), now, row.number],
  );
}
