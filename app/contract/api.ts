/**
 * The one Api between a window (or a browser's page) and the core, over whatever carries messages.
 *
 * [Note: one contract] Every method is a row of `Api` and every push a row of `Topics`. Hosts differ in the transport only. A handler table is typed
 * `Handlers` (core/studio/handlers.ts), so a method without a handler does not compile, and the table of schemas that checks what arrives (core/studio/schemas.ts) is typed
 * by the same rows. Errors cross as `WireError` and become AppErrors again, code and sentence kept. Pixels and sound never ride here: they are fetched
 * below `AppInfo.media`, see [Note: media paths] in core/studio/media.ts.
 */
import { AppError, type WireError } from './errors.ts';
import type { DeviceChoice, JobSummary } from './jobs.ts';
import type { AddReport, ClipDetails, ClipFacts, ClipPage, ClipQuery } from './library.ts';
import type { ModelDetails, ModelSummary, ModelVerdict } from './models.ts';
import type { MorphApi, MorphTopics } from './morph.ts';
import type { ChunkReady, ClipPreviewAnswer } from './preview.ts';
import type { Edit, ProjectDocument, ProjectSummary, ProjectUpdate, SequenceSettings } from './project.ts';
import type {
  BatchSpec,
  BatchStatus,
  ExportOptions,
  ExportPlan,
  ExportPreset,
  PairSpec,
  PairStatus,
  QueueStatus,
} from './queue.ts';
import type { TagsApi, TagsTopics } from './tags.ts';
import type { CacheStatus, DeviceSummary, EngineSummary, Settings } from './settings.ts';

type None = Record<string, never>;

export interface AppInfo {
  version: string;
  /** 'window' has native dialogs (host.*); 'page' asks with files.browse and uploads what is dropped. */
  host: 'window' | 'page';
  platform: string;
  /** What media paths are put after, ending in '/'. */
  media: string;
  /** Where to POST a dropped file's bytes, `?name=`, in a page; it answers {path}. Null in a window. */
  upload: string | null;
  /** Folders a page may read and write; null where there is no limit. */
  roots: string[] | null;
  /** Folders of the library. */
  places: { library: string; chunks: string; models: string };
  /** What the user should know about how the library opened. */
  notices: string[];
}

/** An entry of a folder, for choosing files in a page. */
export interface FolderEntry {
  name: string;
  path: string;
  kind: 'folder' | 'file';
  bytes: number;
}

/** Method: what it is given, and what it answers. */
export interface Api extends MorphApi, TagsApi {
  'app.info': { params: None; result: AppInfo };

  /** Files and folders (searched recursively). Probing goes on in the background. */
  'library.add': { params: { paths: string[] }; result: AddReport };
  'library.query': { params: { query: ClipQuery; offset: number; limit: number }; result: ClipPage };
  'library.get': { params: { ids: string[] }; result: ClipDetails[] };
  /** Takes clips out of the library; files stay where they are. Throws 'clip-in-use' while a project shows them, unless forced. */
  'library.remove': { params: { ids: string[]; force: boolean }; result: { removed: number } };
  'library.tag': { params: { ids: string[]; add: string[]; remove: string[] }; result: None };
  /** All tags with how many clips have them. */
  'library.tags': { params: None; result: { tag: string; clips: number }[] };
  /** Says where a missing file is now. Throws 'relink-mismatch' for another content unless forced. */
  'library.relink': { params: { id: string; path: string; force: boolean }; result: ClipDetails };
  /** Looks for all missing files below a folder, by content; the ids that were found. */
  'library.relinkFolder': { params: { folder: string }; result: { found: string[]; missing: number } };
  /** Looks again whether files are where they were. */
  'library.check': { params: None; result: { missing: number } };
  /** Decodes the clip once where that was not done yet: exact times, cuts, holds. */
  'library.facts': { params: { id: string }; result: ClipFacts };
  /** Makes a short-GOP proxy where the renderer found that it cannot play the source, or plays it badly. */
  'library.wantProxy': { params: { id: string }; result: None };

  'project.list': { params: None; result: ProjectSummary[] };
  /** Settings are taken from the first clip that is put in unless given. */
  'project.create': { params: { name: string; settings?: SequenceSettings | undefined }; result: ProjectDocument };
  'project.open': { params: { id: string }; result: ProjectDocument };
  'project.rename': { params: { id: string; name: string }; result: None };
  'project.remove': { params: { id: string }; result: None };
  /** Does an edit, durably, before it answers. Throws 'project-changed' when `version` is not the newest, 'bad-edit' when the result would not be a sequence. */
  'project.edit': { params: { id: string; version: number; edit: Edit }; result: ProjectUpdate };
  'project.undo': { params: { id: string; version: number }; result: ProjectUpdate };
  'project.redo': { params: { id: string; version: number }; result: ProjectUpdate };
  /** Puts the whole of clips (or a part, in seconds of source) at a frame of the sequence: 'insert' moves what follows, 'append' goes to the end. */
  'project.place': {
    params: {
      id: string;
      version: number;
      clips: { media: string; from?: number | undefined; to?: number | undefined }[];
      at: number;
      how: 'insert' | 'append';
    };
    result: ProjectUpdate;
  };
  /** Writes markers, cuts and clips for other programs, or the project itself (.inbetween). The ending decides: edl, fcpxml, inbetween. */
  'project.export': { params: { id: string; path: string; force: boolean }; result: { path: string; notes: string[] } };
  /** Reads an .inbetween, .edl or .fcpxml file as a new project. */
  'project.import': { params: { path: string }; result: { project: ProjectDocument; notes: string[] } };
  /** Reads markers and cuts of an .edl or .fcpxml into a project, as one edit. */
  'project.importMarkers': {
    params: { id: string; version: number; path: string };
    result: { update: ProjectUpdate; notes: string[] };
  };

  /** Keeps a painted mask (MaskChoice.painted): a PNG in base64, of at most 8 MB. Throws 'bad-mask'. */
  'mask.save': { params: { png: string }; result: { id: string } };
  /** The same from a file. */
  'mask.import': { params: { path: string }; result: { id: string } };

  /** The plan of one timeline clip's preview. Starts analysing where that was not done yet; ask again on 'preview.changed'. */
  'preview.clip': { params: { project: string; clip: string }; result: ClipPreviewAnswer };
  /** Renders what is missing, nearest to frame `around` of the sequence first, in place of what was asked before. */
  'preview.render': {
    params: { project: string; around: number; clips?: string[] | undefined };
    result: { missing: number };
  };
  'preview.stop': { params: { project: string }; result: None };
  /** The picture of one frame with another engine, for comparing; a media path. */
  'preview.frame': {
    params: { project: string; clip: string; frame: number; engine: string };
    result: { path: string; confidence: number | null };
  };

  'export.presets': { params: None; result: ExportPreset[] };
  'export.plan': { params: { project: string; options: ExportOptions }; result: ExportPlan };
  /** Throws what the plan refused. The jobs that were put into the queue. */
  'export.start': { params: { project: string; options: ExportOptions }; result: { jobs: string[] } };

  'queue.status': { params: None; result: QueueStatus };
  'queue.pause': { params: { id: string }; result: None };
  'queue.resume': { params: { id: string }; result: None };
  'queue.cancel': { params: { id: string }; result: None };
  /** Puts it before the item `before`, or last. */
  'queue.move': { params: { id: string; before: string | null }; result: None };
  /** Again, after a failure or a cancel. */
  'queue.retry': { params: { id: string }; result: None };
  /** Takes ended items off the list. */
  'queue.clear': { params: { ids: string[] }; result: None };
  'queue.hold': { params: { held: boolean }; result: None };
  /** Goes on with what a former run left. */
  'queue.continue': { params: None; result: { jobs: string[] } };
  'queue.log': { params: { id: string }; result: { at: string; message: string }[] };

  'batch.plan': { params: { spec: BatchSpec }; result: { files: BatchStatus['files']; notes: string[] } };
  'batch.start': { params: { spec: BatchSpec }; result: { id: string } };
  'batch.list': { params: None; result: BatchStatus[] };
  /** Ends watching and takes what still waits out of the queue. */
  'batch.stop': { params: { id: string }; result: None };

  'pair.start': { params: { spec: PairSpec }; result: { id: string } };
  'pair.list': { params: None; result: PairStatus[] };
  'pair.cancel': { params: { id: string }; result: None };

  'models.list': { params: None; result: ModelSummary[] };
  'models.show': { params: { id: string }; result: ModelDetails };
  'models.install': { params: { id: string; accept: boolean }; result: None };
  'models.import': {
    params: { path: string; id?: string | undefined; licence?: string | undefined };
    result: { id: string };
  };
  'models.remove': { params: { id: string }; result: None };
  'models.verify': { params: { id: string }; result: ModelVerdict };
  'models.cancel': { params: { id: string }; result: None };
  'engines.list': { params: None; result: EngineSummary[] };
  /** Measures an engine here, once; a minute at most. */
  'engines.measure': { params: { id: string }; result: EngineSummary };
  'devices.list': { params: None; result: DeviceSummary[] };
  'devices.test': { params: { device: DeviceChoice }; result: DeviceSummary };

  'settings.get': { params: None; result: Settings };
  'settings.set': { params: { changes: Partial<Settings> }; result: Settings };
  'cache.status': { params: None; result: CacheStatus };
  'cache.clear': { params: { what: 'chunks' | 'proxies' | 'thumbnails' }; result: CacheStatus };

  /** A folder's entries, within `AppInfo.roots`. `path` '' lists the roots. */
  'files.browse': { params: { path: string }; result: { path: string; parent: string | null; entries: FolderEntry[] } };
  /** Native dialogs, only in a window; throw 'host-cannot' in a page. Null when the user cancelled. */
  'host.pickFiles': { params: { title: string; endings: string[]; many: boolean }; result: { paths: string[] | null } };
  'host.pickFolder': { params: { title: string }; result: { path: string | null } };
  'host.pickSave': { params: { title: string; name: string; endings: string[] }; result: { path: string | null } };
  /** Shows a file in the system's file manager. */
  'host.reveal': { params: { path: string }; result: None };
  'host.fullscreen': { params: { on: boolean }; result: None };
}

export type Method = keyof Api;
export type Params<M extends Method> = Api[M]['params'];
export type Result<M extends Method> = Api[M]['result'];

/** What the core tells without being asked. Each says what changed; whoever shows it asks again. */
export interface Topics extends MorphTopics, TagsTopics {
  /** Clips that were added, changed or removed; empty for "many". */
  'library.changed': { ids: string[] };
  'library.progress': { probing: number; thumbnails: number; proxies: number };
  'project.changed': ProjectUpdate;
  'project.listChanged': None;
  /** Ask preview.clip again. */
  'preview.changed': { project: string; clip: string };
  'preview.chunk': ChunkReady;
  /** `missing`: frames still to be rendered. */
  'preview.progress': { project: string; missing: number; framesPerSecond: number | null; error: WireError | null };
  'queue.changed': QueueStatus;
  /** A job ended, for a notification. */
  'queue.ended': { job: JobSummary };
  'batch.changed': BatchStatus;
  'pair.changed': PairStatus;
  'models.progress': { id: string; done: number; total: number | null; etaSeconds: number | null };
  'models.changed': None;
  'settings.changed': Settings;
  /** One sentence for the user that belongs to no call. */
  notice: { message: string; kind: 'info' | 'warning' | 'error' };
}

export type Topic = keyof Topics;

/** Carries messages; knows none of them. */
export interface Transport {
  /** Resolves to an answer; never rejects but when the connection is lost. */
  invoke(method: string, params: unknown): Promise<Answer>;
  /** Every push of the core; returns its unsubscribe. */
  listen(listener: (topic: string, payload: unknown) => void): () => void;
}

export type Answer = { ok: true; result: unknown } | { ok: false; error: WireError };

export interface Client {
  /** Throws AppErrors. */
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>>;
  on<T extends Topic>(topic: T, listener: (payload: Topics[T]) => void): () => void;
}

/** The Api over a transport. Answers and pushes come from our own core and are believed; what arrives there is checked there. */
export function createClient(transport: Transport): Client {
  return {
    async call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
      const answer = await transport.invoke(method, params);
      if (answer.ok) return answer.result as Result<M>;
      throw new AppError(answer.error.code, answer.error.message);
    },
    on: (topic, listener) =>
      transport.listen((heard, payload) => {
        if (heard === topic) listener(payload as never);
      }),
  };
}
