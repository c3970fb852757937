/** The studio: the core as a window or a page needs it. One for each library; every host (Electron's main process, `serve`) opens it the same way. */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Answer, AppInfo } from '../../contract/api.ts';
import type { AddReport } from '../../contract/library.ts';
import { filmsFolder, openHome, uploadsFolder } from '../base/home.ts';
import { packagePath } from '../base/own-files.ts';
import { openLibrary } from '../library/db.ts';
import { projectsUsing } from '../projects/usage.ts';
import { Access } from './access.ts';
import { openBatchPart } from './batch-handlers.ts';
import type { DesktopHost, StudioContext } from './context.ts';
import { dispatch } from './dispatch.ts';
import { openBoardPart } from './board-handlers.ts';
import { openExportPart } from './export-handlers.ts';
import { filesHandlers, hostHandlers } from './files-handlers.ts';
import type { CallContext, Handlers } from './handlers.ts';
import { openLibraryPart } from './library-handlers.ts';
import { respond, type MediaRoutes } from './media.ts';
import { openModelsPart } from './models-handlers.ts';
import { maskPart } from './mask-handlers.ts';
import { openPairPart } from './pair-handlers.ts';
import { openPreviewPart } from './preview-handlers.ts';
import { openProjectPart } from './project-handlers.ts';
import { openTagJobs } from './tag-jobs-handlers.ts';
import { tagExportHandlers } from './tag-export-handlers.ts';
import { teachHandlers } from './teach-handlers.ts';
import { openQueuePart } from './queue-handlers.ts';
import { spanHandlers } from './span-handlers.ts';
import { openSettings } from './settings-handlers.ts';
import { createTopicBus, type TopicBus } from './topics.ts';

export interface StudioOptions {
  /** --library DIR. */
  readonly library?: string | undefined;
  /** Native dialogs, in a window. */
  readonly desktop?: DesktopHost | undefined;
  /** What media paths are put after: 'inbetween-media://studio/', '/media/'. */
  readonly media: string;
  /** Where a page sends dropped files. */
  readonly upload?: string | undefined;
  /** Folders opened to a page; null for no limit. */
  readonly roots: readonly string[] | null;
}

export interface Studio extends AsyncDisposable {
  readonly topics: TopicBus;
  /** Root of the library's folder. */
  readonly home: string;
  readonly access: Access;
  /** Answers a call, whatever it is. */
  invoke(method: unknown, params: unknown, context?: CallContext): Promise<Answer>;
  /** Serves a media path: [Note: media paths]. */
  media(path: string, request: Request): Promise<Response>;
  /** Whether a job is running now: what quitting would interrupt. */
  busy(): boolean;
}

/** Opens the library and everything that works on it. Throws 'database' and what openHome throws. */
export async function openStudio(options: StudioOptions): Promise<Studio> {
  const home = await openHome({ library: options.library });
  const db = openLibrary(home);
  const topics = createTopicBus();
  const open = [uploadsFolder(home), filmsFolder(home)];
  if (options.roots !== null) for (const folder of open) await mkdir(folder, { recursive: true });
  const access = await Access.to(options.roots, { folder: home.root, open });
  const closing = new AbortController();
  const settings = openSettings(db, topics);
  const context: StudioContext = {
    db,
    home,
    topics,
    access,
    settings: settings.current,
    signal: closing.signal,
    threads: availableParallelism(),
  };
  const library = await openLibraryPart(context, {
    usedBy: (id) => projectsUsing(db, id).map(({ name }) => name),
  });
  const add = (paths: string[], signal: AbortSignal): Promise<AddReport> =>
    library.handlers['library.add']({ paths }, { signal });
  const project = await openProjectPart(context, add);
  const preview = await openPreviewPart(context);
  const masks = maskPart(context);
  const queue = await openQueuePart(context, async () => batch.continue());
  const exporting = await openExportPart(context, queue.queue);
  const batch = await openBatchPart(context, queue.queue);
  const pair = await openPairPart(context);
  const board = await openBoardPart(context, queue.queue, add);
  const tagJobs = openTagJobs(context, queue.queue);
  const models = await openModelsPart(context, { ...library, clearBoards: board.clear });
  const parts = [models, tagJobs, board, pair, batch, exporting, queue, preview, masks, project, library];
  const info: AppInfo = {
    version: version(),
    host: options.desktop ? 'window' : 'page',
    platform: process.platform,
    media: options.media,
    upload: options.upload ?? null,
    roots: access.roots === null ? null : [...access.roots],
    places: { library: home.root, chunks: home.chunks, models: home.models },
    notices: [...db.notices],
  };
  const handlers: Handlers = {
    'app.info': async () => info,
    ...settings.handlers,
    ...filesHandlers(access),
    ...hostHandlers(options.desktop),
    ...library.handlers,
    ...project.handlers,
    ...preview.handlers,
    ...masks.handlers,
    ...queue.handlers,
    ...exporting.handlers,
    ...batch.handlers,
    ...pair.handlers,
    ...board.handlers,
    ...tagExportHandlers(context, queue.queue),
    ...spanHandlers(context),
    ...teachHandlers(context),
    ...tagJobs.handlers,
    ...models.handlers,
  };
  const routes: MediaRoutes = Object.assign({}, ...parts.map((part) => part.media));
  return {
    topics,
    home: home.root,
    access,
    invoke: (method, params, call = { signal: closing.signal }) => dispatch(handlers, method, params, call),
    media: (path, request) => respond(routes, path, request),
    busy: () => queue.queue.busy || pair.busy(),
    async [Symbol.asyncDispose]() {
      closing.abort();
      for (const part of parts) await part.close();
      db[Symbol.dispose]();
    },
  };
}

function version(): string {
  const text = readFileSync(packagePath('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
