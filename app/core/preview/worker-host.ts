/** The side of the preview that renders: takes orders from its port, one render at a time, and single pictures besides. */
import { AppError, toAppError } from '../../contract/errors.ts';
import { homeAt } from '../base/home.ts';
import type { ParentPort } from '../base/parent-port.ts';
import type { SequenceSpec } from '../../contract/jobs.ts';
import { openChunkStore } from '../jobs/chunk-files.ts';
import type { ChunkStore } from '../jobs/chunk-store.ts';
import { masksOf } from '../jobs/tasks/clip-mask.ts';
import { EngineRoom } from '../jobs/tasks/engine-room.ts';
import { analysisCache, type AnalysisCache } from '../library/analysis-cache.ts';
import { chunkByKey } from '../library/chunk-rows.ts';
import { openLibrary, type Library } from '../library/db.ts';
import { previewFiles } from './kept-files.ts';
import { orderSchema, type PreviewAnswer, type PreviewOrder } from './messages.ts';
import { renderPicture, renderPreview, warmUp, type RenderHost } from './render-preview.ts';
import { SourceShelf } from './source-shelf.ts';

interface Opened {
  readonly db: Library;
  readonly analyses: AnalysisCache;
  readonly root: string;
  readonly threads: number;
  readonly shelf: SourceShelf;
  engines: EngineRoom;
  /** By the size it is kept to; opening it looks through all of it. */
  readonly stores: Map<number, Promise<ChunkStore>>;
}

/** Serves until the other side is gone. */
export function servePreview(port: ParentPort, die: () => void): void {
  let opened: Opened | undefined;
  let rendering = new AbortController();
  /** Renders do not overlap: the one before has to be gone. */
  let turn: Promise<void> = Promise.resolve();
  let pictures: Promise<void> = Promise.resolve();
  const say = (answer: PreviewAnswer): void => void port.post(answer);
  const run = (request: number, signal: AbortSignal, work: (host: RenderHost) => Promise<void>): Promise<void> =>
    perform(opened, request, signal, say, work);
  const stop = (): void => rendering.abort(new AppError('cancelled', 'Something else is asked for.'));
  port.onClose(die);
  port.onMessage((message) => {
    const order = orderSchema.safeParse(message);
    if (!order.success) return console.error('An order that is not understood.', order.error.issues[0]);
    const { data } = order;
    if (data.type === 'open') opened ??= open(data);
    else if (data.type === 'expect') opened?.shelf.expect(data.paths);
    else if (data.type === 'stop') stop();
    else if (data.type === 'warm') {
      const spec = data.spec as SequenceSpec;
      turn = turn.then(() => run(0, new AbortController().signal, (host) => warmUp(spec, host)));
    } else if (data.type === 'frame') {
      const never = new AbortController().signal;
      pictures = pictures.then(() => run(data.request, never, (host) => renderPicture(data, host)));
    } else {
      stop();
      rendering = new AbortController();
      const { signal } = rendering;
      turn = turn.then(() =>
        run(data.request, signal, async (host) => {
          try {
            await renderPreview(data, host);
          } catch (error) {
            if (opened && !signal.aborted) await freshEngines(opened);
            throw error;
          }
        }),
      );
    }
  });
}

function open({ home, threads }: Extract<PreviewOrder, { type: 'open' }>): Opened {
  const db = openLibrary(homeAt(home));
  const analyses = analysisCache(db);
  const shelf = new SourceShelf(analyses);
  return { db, analyses, root: home, threads, shelf, engines: new EngineRoom(threads), stores: new Map() };
}

async function storeOf({ db, root, stores }: Opened, cacheBytes: number): Promise<ChunkStore> {
  let store = stores.get(cacheBytes);
  if (!store) {
    store = openChunkStore({ root: homeAt(root).chunks, db, job: 'preview', cacheBytes });
    store.catch(() => stores.delete(cacheBytes));
    stores.set(cacheBytes, store);
  }
  return await store;
}

async function perform(
  opened: Opened | undefined,
  request: number,
  signal: AbortSignal,
  say: (answer: PreviewAnswer) => void,
  work: (host: RenderHost) => Promise<void>,
): Promise<void> {
  try {
    if (!opened) throw new AppError('internal', 'The preview was not opened.');
    signal.throwIfAborted();
    const { db, root, threads, shelf, engines } = opened;
    await work({
      signal,
      threads,
      shelf,
      masks: masksOf(db),
      engines,
      files: previewFiles(root),
      isReady: (key) => chunkByKey(db, key) !== undefined,
      chunks: (cacheBytes) => storeOf(opened, cacheBytes),
      say,
    });
    say({ type: 'ended', request, error: null });
  } catch (thrown) {
    if (signal.aborted) return;
    const error = toAppError(thrown);
    if (error.code === 'internal') console.error(thrown);
    say({ type: 'ended', request, error: { code: error.code, message: error.message } });
  }
}

/** Engines that were open when something failed may be what failed. */
async function freshEngines(opened: Opened): Promise<void> {
  const { engines, threads } = opened;
  opened.engines = new EngineRoom(threads);
  await engines[Symbol.asyncDispose]().catch(() => {});
}
