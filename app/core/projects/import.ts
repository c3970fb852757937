/** Reading projects of other programs, and our own from elsewhere. */
import { open, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { z } from 'zod';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { Change, ProjectDocument, ProjectState, ProjectUpdate } from '../../contract/project.ts';
import { TICKS } from '../../contract/time.ts';
import { isErrno } from '../base/durable.ts';
import { clipById, type ClipRow } from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import { applyChanges, problemOf } from '../sequence/apply.ts';
import { changesBetween } from '../sequence/edits.ts';
import { clipEnd, clipsInOrder, sourceAt } from '../sequence/geometry.ts';
import { markerSchema, settingsSchema, timelineClipSchema } from '../sequence/schemas.ts';
import { editProject, projectState } from './edit.ts';
import { buildMarkers, buildState } from './interchange/build.ts';
import { readEdl } from './interchange/edl-read.ts';
import { readFcpxml } from './interchange/fcpxml-read.ts';
import { findMedia, type FindOptions } from './interchange/find-media.ts';
import { badProject, cleanName, FILE_LIMITS, type ForeignSequence } from './interchange/foreign.ts';
import { readInbetween } from './interchange/inbetween-file.ts';
import { takeMasks } from './interchange/masks.ts';
import { outgoingMedia, timecodeSeconds } from './interchange/outgoing.ts';
import { createFilled } from './list.ts';
import { EMPTY_SETTINGS, settingsOf } from './settings.ts';

export interface ImportOptions extends Omit<FindOptions, 'file'> {
  readonly engine: string;
}

/**
 * Reads an .inbetween, .edl or .fcpxml file as a new project. Media it names are found and put into the library; what is not found is a missing
 * clip. Throws not-found, unreadable, bad-project, cancelled.
 */
export async function importProject(
  db: Library,
  path: string,
  options: ImportOptions,
): Promise<{ project: ProjectDocument; notes: string[] }> {
  const text = await readText(path);
  const fallbackName = cleanName(basename(path, extname(path))).slice(0, 200) || 'Project';
  if (endingOf(path) === '.inbetween') {
    const read = readInbetween(text);
    const found = await findMedia(db, [...read.media.values()], { ...options, file: path });
    const ids = new Map([...read.media.keys()].map((id, i) => [id, found.ids[i]!]));
    const clips = Object.entries(read.state.clips).map(([id, clip]) => [
      id,
      { ...clip, media: ids.get(clip.media) ?? clip.media },
    ]);
    const state: ProjectState = { ...read.state, clips: Object.fromEntries(clips) };
    const masked = await takeMasks(db, state, read.masks, options);
    return { project: createFilled(db, read.name, masked.state), notes: [...found.notes, ...masked.notes] };
  }
  const foreign = readForeign(path, text);
  // What cannot be a sequence is refused before anything is put into the library.
  const unknown = foreign.clips.map(() => ({ id: 'unknown', duration: undefined, timecode: 0 }));
  const settings = settingsFor(foreign, []);
  refuseBroken(buildState(foreign, { settings, media: unknown, engine: options.engine }).state);
  const found = await findMedia(
    db,
    foreign.clips.map((clip) => clip.media),
    { ...options, file: path },
  );
  const rows = found.ids.map((id) => clipById(db, id));
  // An EDL that does not say its rate was made at that of its media.
  const again = foreign.rateKnown ? foreign : readForeign(path, text, firstRate(rows));
  const media = found.ids.map((id, i) => {
    const facts = rows[i] && outgoingMedia(rows[i], []);
    return { id, duration: facts && facts.duration > 0 ? facts.duration : undefined, timecode: timecodeSeconds(facts) };
  });
  const built = buildState(again, { settings: settingsFor(again, rows), media, engine: options.engine });
  const withCuts = applyChanges(built.state, cutChanges(built.state, markedCuts(again)));
  refuseBroken(withCuts);
  const project = createFilled(db, again.name.slice(0, 200) || fallbackName, withCuts);
  return { project, notes: [...again.notes, ...built.notes, ...found.notes] };
}

/**
 * Reads the markers of an .edl or .fcpxml into a project, as one edit: its markers, and as cuts inside the project's clips the places where its events
 * begin or that are marked as cuts. Throws as importProject and editProject do.
 */
export async function importMarkers(
  db: Library,
  { id, version, path }: { id: string; version: number; path: string },
): Promise<{ update: ProjectUpdate; notes: string[] }> {
  if (endingOf(path) === '.inbetween') throw badProject('Markers are read from .edl and .fcpxml files.');
  const text = await readText(path);
  const { state } = projectState(db, id);
  const foreign = readForeign(path, text, state.settings.rate);
  const scale = (state.settings.rate.num * foreign.rate.den) / (state.settings.rate.den * foreign.rate.num);
  const frame = (at: number) => Math.round(at * scale);
  const markers = foreign.markers.map((one) => ({
    ...one,
    frame: frame(one.frame),
    frames: Math.max(1, frame(one.frames)),
  }));
  const cuts = [...markedCuts(foreign), ...foreign.clips.map((clip) => clip.start)].map(frame);
  const marked = { ...state, markers: { ...state.markers, ...buildMarkers(markers) } };
  const next = applyChanges(marked, cutChanges(marked, cuts));
  const changes = changesBetween(state, next);
  const update = editProject(db, id, version, { label: 'Import markers', changes });
  return {
    update,
    notes: changes.length === 0 ? [...foreign.notes, 'There was nothing new in it.'] : [...foreign.notes],
  };
}

/** Throws bad-project for what is no sequence, or has numbers no project has. */
function refuseBroken(state: ProjectState): void {
  const problem = problemOf(state);
  if (problem !== null) throw badProject(`It is no sequence. ${problem}`);
  const checks = [
    settingsSchema.safeParse(state.settings),
    z.array(timelineClipSchema).safeParse(Object.values(state.clips)),
    z.array(markerSchema).safeParse(Object.values(state.markers)),
  ];
  const issue = checks.find((check) => !check.success)?.error?.issues[0];
  if (issue) throw badProject(`It has a value that no project has: ${issue.path.join('.')}: ${issue.message}.`);
}

function endingOf(path: string): string {
  return extname(path).toLowerCase();
}

function readForeign(path: string, text: string, rate?: { num: number; den: number }): ForeignSequence {
  const ending = endingOf(path);
  if (ending === '.edl') return readEdl(text, rate);
  if (ending === '.fcpxml') return readFcpxml(text);
  throw badProject('A project is read from .inbetween, .edl and .fcpxml files.');
}

function firstRate(rows: readonly (ClipRow | undefined)[]): { num: number; den: number } | undefined {
  return rows.map((row) => row && outgoingMedia(row, []).rate).find((rate) => rate !== undefined);
}

/** Size, depth, colour and sound of the first clip that is there; rate (and size, where it is said) of the file. */
function settingsFor(foreign: ForeignSequence, rows: readonly (ClipRow | undefined)[]): ProjectState['settings'] {
  const info = rows.find((row) => row?.info)?.info;
  const base = info ? settingsOf({ info, rate: foreign.rate }) : EMPTY_SETTINGS;
  return { ...base, rate: foreign.rate, ...foreign.size };
}

function markedCuts(foreign: ForeignSequence): number[] {
  return foreign.markers.filter((one) => one.cut).map((one) => one.frame);
}

/** A new shot starts inside the clip that shows each of `frames`. */
function cutChanges(state: ProjectState, frames: readonly number[]): Change[] {
  const sorted = [...new Set(frames)].toSorted((a, b) => a - b);
  const { rate } = state.settings;
  const changed: ProjectState['clips'] = {};
  let next = 0;
  for (const clip of clipsInOrder(state)) {
    while (next < sorted.length && sorted[next]! <= clip.start) next++;
    // Times within a thousandth of a second are one cut.
    const place = (seconds: number) => Math.round(seconds * 1000);
    const known = new Set([...clip.cuts.added, ...clip.cuts.accepted].map(place));
    const added: number[] = [];
    for (; next < sorted.length && sorted[next]! < clipEnd(clip); next++) {
      const seconds = sourceAt(clip, rate, sorted[next]! - clip.start) / TICKS;
      if ([-1, 0, 1].some((off) => known.has(place(seconds) + off))) continue;
      known.add(place(seconds));
      added.push(seconds);
    }
    if (added.length === 0) continue;
    const all = [...clip.cuts.added, ...added].toSorted((a, b) => a - b);
    changed[clip.id] = { ...clip, cuts: { ...clip.cuts, added: all } };
  }
  return changesBetween(state, { ...state, clips: { ...state.clips, ...changed } });
}

/** The text of a file that is no larger than a project is. */
async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    // Looked at before it is opened: opening a pipe waits for whoever writes to it.
    if (!(await stat(path)).isFile()) throw new AppError('not-a-file', `${path} is no file.`);
    const file = await open(path, 'r');
    try {
      const found = await file.stat();
      if (found.size > FILE_LIMITS.bytes) throw badProject(`${path} is too large for a project.`);
      bytes = await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR'))
      throw new AppError('not-found', `There is no file ${path}.`, { cause: error });
    if (isErrno(error, 'EACCES', 'EPERM', 'EISDIR'))
      throw new AppError('unreadable', `${path} cannot be read.`, { cause: error });
    throw error instanceof AppError ? error : toAppError(error);
  }
  return decodeText(bytes);
}

/** UTF-8, UTF-16 by its mark, or else the Latin letters of old programs. */
function decodeText(bytes: Buffer): string {
  const wide =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : undefined;
  const text = wide ? new TextDecoder(wide).decode(bytes) : utf8(bytes);
  if (text.includes('\0')) throw badProject('It is no text.');
  return text;
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
