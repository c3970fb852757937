/** Handlers of library.*, and what cards show of clips. The work is done in core/clips. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClipDetails } from '../../contract/library.ts';
import { AppError } from '../../contract/errors.ts';
import { throttle } from '../base/throttle.ts';
import { addFiles } from '../clips/add.ts';
import { ClipBackground } from '../clips/background.ts';
import { clipFacts } from '../clips/facts.ts';
import { checkFiles, relink, relinkFolder } from '../clips/missing.ts';
import { proxyNeed } from '../clips/proxy-need.ts';
import { ProxyWorker } from '../clips/proxy-worker.ts';
import type { ScanOptions } from '../clips/scan.ts';
import { clipFiles, removeClipFiles, thumbnailsFolder } from '../clips/thumbnails.ts';
import {
  clipById,
  clipPlaces,
  deleteClip,
  duplicatesOf,
  forgetThumbs,
  needClip,
  usableClip,
  workLeft,
} from '../library/clip-rows.ts';
import { clipsById, searchClips } from '../library/clip-search.ts';
import { allTags, tagClips } from '../library/clip-tags.ts';
import { runsOf } from '../library/tag-runs.ts';
import { removeOwnOutputs } from '../tags/request.ts';
import { clipMedia } from './clip-media.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

/** Folders of HOME that hold what Inbetween made itself; what was dropped on a page ('uploads') is the user's. */
const OWN_FOLDERS = ['chunks', 'scratch', 'models', 'thumbnails', 'proxies', 'boards', 'tags', 'bin'];
/** Ids named in one 'library.changed'; more are "many". */
const MOST_NAMED = 500;

export interface LibraryPart {
  readonly handlers: HandlersOf<'library'>;
  readonly media: MediaRoutes;
  /** Deletes all thumbnails and waveforms; they are made again in the background. */
  clearThumbnails(): Promise<void>;
  /** Deletes all proxies; what needs one gets it again when somebody looks at it. */
  clearProxies(): Promise<void>;
  /** Resolves when nothing is left to find out. */
  whenIdle(): Promise<void>;
  close(): Promise<void>;
}

export interface LibraryHooks {
  /** A clip can be used now, or again. */
  readonly probed?: (id: string) => void;
  /** Names of the projects that show a clip. */
  readonly usedBy?: (id: string) => readonly string[];
}

export async function openLibraryPart(context: StudioContext, hooks: LibraryHooks = {}): Promise<LibraryPart> {
  const { db, home, topics, access, signal } = context;
  const usedBy = hooks.usedBy ?? (() => []);
  const { changed, stop } = announcer(context);
  const proxies = new ProxyWorker({
    db,
    home,
    height: () => context.settings().previewHeight,
    changed,
    hold: () => {
      const { probing, thumbnails } = workLeft(db);
      return probing + thumbnails > 0;
    },
    signal,
  });
  const background = new ClipBackground({
    db,
    home,
    signal,
    changed: (id) => changed([id]),
    needsProxy: (info, ending) =>
      proxyNeed(info, ending).then(
        (why) => why !== null,
        // What cannot be told is left to the renderer, which asks.
        () => false,
      ),
    probed: (id) => {
      proxies.wake();
      hooks.probed?.(id);
    },
    notice: (message) => topics.emit('notice', { message, kind: 'info' }),
  });
  const again = (ids: readonly string[]): void => {
    changed(ids);
    background.wake();
  };
  const scan = (call: AbortSignal): ScanOptions => ({
    check: (path) => access.check(path),
    skip: OWN_FOLDERS.map((name) => join(home.root, name)),
    signal: AbortSignal.any([call, signal]),
  });
  const check = async (): Promise<void> => {
    const ids = await checkFiles(db, signal);
    if (ids.length > 0) again(ids);
  };
  const starting = Promise.all([check().catch(() => {}), proxies.start().catch(() => {})]);
  background.wake();

  const handlers: HandlersOf<'library'> = {
    'library.add': async ({ paths }, call) => {
      const report = await addFiles(db, paths, scan(call.signal));
      again(report.ids);
      return report;
    },
    'library.query': async ({ query, offset, limit }) => {
      const page = searchClips(db, query, offset, limit);
      background.prefer(page.clips.map(({ id }) => id));
      return page;
    },
    'library.get': async ({ ids }) => detailsOf(context, ids),
    'library.remove': async ({ ids, force }) => {
      if (!force) refuseUsed(context, ids, usedBy);
      const tagged = ids.map((id) => ({
        path: clipById(db, id)?.path,
        engines: runsOf(db, id).map(({ engine }) => engine),
      }));
      const removed = db.write(() => ids.filter((id) => deleteClip(db, id)));
      changed(removed);
      for (const id of removed) await removeClipFiles(clipFiles(home, id)).catch(() => {});
      for (const { path, engines } of tagged) {
        if (path !== undefined) await removeOwnOutputs(home, path, engines).catch(() => {});
      }
      return { removed: removed.length };
    },
    'library.tag': async ({ ids, add, remove }) => {
      tagClips(db, ids, add, remove);
      changed(ids);
      return {};
    },
    'library.tags': async () => allTags(db),
    'library.relink': async ({ id, path, force }, call) => {
      await relink(db, id, await access.check(path), { force, signal: call.signal, usedBy });
      again([]);
      return detailsOf(context, [id])[0]!;
    },
    'library.relinkFolder': async ({ folder }, call) => {
      const options = { ...scan(call.signal), usedBy };
      const answer = await relinkFolder(db, await access.check(folder), options);
      if (answer.found.length > 0) again([]);
      return answer;
    },
    'library.check': async () => {
      await check();
      return { missing: clipPlaces(db).filter(({ state }) => state === 'missing').length };
    },
    'library.facts': async ({ id }, call) => {
      await access.check(usableClip(db, id).path);
      const facts = await clipFacts(db, id, { signal: AbortSignal.any([call.signal, signal]) });
      // Where its fields were found to need one.
      proxies.wake();
      changed([id]);
      return facts;
    },
    'library.wantProxy': async ({ id }) => {
      await access.check(usableClip(db, id).path);
      await proxies.want(id);
      return {};
    },
  };

  return {
    handlers,
    media: {
      clip: clipMedia(
        context,
        (id) => background.prefer([id]),
        (id) => proxies.file(id),
      ),
    },
    async clearThumbnails() {
      await rm(thumbnailsFolder(home), { recursive: true, force: true });
      forgetThumbs(db);
      again([]);
    },
    clearProxies: () => proxies.clear(),
    whenIdle: () => background.whenIdle(),
    async close() {
      await Promise.all([starting, background.close(), proxies.close()]);
      stop();
    },
  };
}

/** Tells of changed clips a few times a second, many together. An empty list means many. */
function announcer({ db, topics, signal }: StudioContext): {
  changed: (ids: readonly string[]) => void;
  stop: () => void;
} {
  let ids = new Set<string>();
  let many = false;
  const tell = throttle<null>(200, () => {
    if (signal.aborted) return;
    topics.emit('library.changed', { ids: many || ids.size > MOST_NAMED ? [] : [...ids] });
    topics.emit('library.progress', workLeft(db));
    [ids, many] = [new Set(), false];
  });
  return {
    changed: (more) => {
      if (more.length === 0) many = true;
      for (const id of more) ids.add(id);
      tell(null);
    },
    stop: () => tell.cancel(),
  };
}

function detailsOf({ db }: StudioContext, ids: readonly string[]): ClipDetails[] {
  return clipsById(db, ids).map((clip) => {
    const row = needClip(db, clip.id);
    return { ...clip, info: row.info, contentHash: row.hash, duplicateOf: duplicatesOf(db, row) };
  });
}

function refuseUsed({ db }: StudioContext, ids: readonly string[], usedBy: (id: string) => readonly string[]): void {
  for (const id of ids) {
    const clip = clipById(db, id);
    const [project, ...more] = clip ? usedBy(id) : [];
    if (!clip || project === undefined) continue;
    const others = more.length > 0 ? ` and ${more.length} more` : '';
    throw new AppError('clip-in-use', `${clip.name} is used in ${project}${others}.`);
  }
}
