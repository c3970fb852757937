/** Handlers of board.*, and the media paths board/still/KEY and board/take/KEY/N. */
import type { AddReport } from '../../contract/library.ts';
import { MORPH_MOTIONS, type Board, type BoardDocument, type MorphEngine } from '../../contract/morph.ts';
import { BoardFilms } from '../boards/board-films.ts';
import { BoardStudio } from '../boards/board-studio.ts';
import { createBoard, editBoard, EMPTY_BOARD, readBoard, redoBoard, removeBoard, undoBoard } from '../boards/edit.ts';
import { boardFromTimeline } from '../boards/from-timeline.ts';
import { filmFrames } from '../boards/problem.ts';
import { asInbetween, type InbetweenEntry } from '../engines/inbetween.ts';
import { listEngines, listInbetweeners } from '../engines/registry.ts';
import { modelPlaces } from '../nn/store.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import { fileResponse, type MediaRoutes } from './media.ts';

export interface BoardPart {
  readonly handlers: HandlersOf<'board'>;
  readonly media: MediaRoutes;
  /** Deletes all pictures of boards; what is looked at is made again. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** `add` puts files into the library. */
export async function openBoardPart(
  context: StudioContext,
  queue: JobQueue,
  add: (paths: string[], signal: AbortSignal) => Promise<AddReport>,
): Promise<BoardPart> {
  const { db, home, topics, access, settings, threads, signal: closing } = context;
  const check = (path: string): Promise<string> => access.check(path);
  const boards = new BoardStudio({
    ...{ db, home: home.root, threads, check },
    device: () => settings().device,
    onTake: (id, take) => topics.emit('board.take', { id, take }),
    onStills: (id) => topics.emit('board.pictures', { id }),
  });
  const films = new BoardFilms({
    ...{ db, home, queue, boards, add, signal: closing },
    engine: () => settings().engine,
    onPlaced: (update) => topics.emit('project.changed', update),
    notice: (message) => topics.emit('notice', { message, kind: 'warning' }),
  });
  const deaf = topics.listen((topic, payload) => {
    if (topic === 'queue.ended' && 'job' in payload) films.heard(payload.job);
  });
  films.start();
  return {
    handlers: {
      ...documents(context),
      'board.engines': async () => ({ engines: await engines(context), motions: [...MORPH_MOTIONS] }),
      'board.list': () => boards.list(),
      'board.plan': ({ id }) => boards.plan(id),
      'board.pictures': ({ id }) => boards.pictures(id),
      'board.render': async ({ id, gaps }) => (await boards.render(id, gaps), {}),
      'board.stop': async ({ id }) => (boards.stop(id), {}),
      'board.remove': async ({ id }) => {
        boards.stop(id);
        removeBoard(db, id);
        topics.emit('board.listChanged', {});
        return {};
      },
      'board.points': async ({ id, keyframe, engine }) => ({ points: await boards.points(id, keyframe, engine) }),
      'board.export': async ({ id, output, ...options }) => {
        // A folder of numbered frames is told from a file by the '/' at its end.
        const path = (await check(output)) + (output.endsWith('/') ? '/' : '');
        const spec = await boards.morph(id, { ...options, output: path });
        await boards.requirePossible(spec);
        const { board } = readBoard(db, id);
        return { job: queue.enqueue(spec, { title: board.name, frames: filmFrames(board) }) };
      },
      'board.fromTimeline': async ({ project, at, frames }, { signal }) => {
        const both = AbortSignal.any([signal, closing]);
        const engine = await gapEngine(context);
        const document = createBoard(
          db,
          await boardFromTimeline(db, project, { at, frames, engine, check, signal: both }),
        );
        topics.emit('board.listChanged', {});
        return document;
      },
      'board.toTimeline': async ({ id }) => ({ job: await films.toTimeline(id) }),
    },
    media: {
      board: async ([kind = '', key = '', index, ...more], request) => {
        const picture = more.length > 0 ? undefined : await boards.picture(kind, key, index);
        return picture && (await fileResponse(picture.path, picture.type, request, { immutable: true }));
      },
    },
    clear: () => boards.clear(),
    close: async () => {
      deaf();
      boards.close();
      await films.close();
    },
  };
}

type Documents = 'board.create' | 'board.open' | 'board.edit' | 'board.undo' | 'board.redo';

/** What is done to boards themselves. */
function documents({ db, topics, access }: StudioContext): Pick<HandlersOf<'board'>, Documents> {
  const listed = <T>(answer: T): T => {
    topics.emit('board.listChanged', {});
    return answer;
  };
  /** Tells every window; `version` is the one before. */
  const told = (document: BoardDocument, version: number): BoardDocument => {
    if (document.version === version) return document;
    topics.emit('board.changed', document);
    return listed(document);
  };
  /** Files that were on the board already were put there when other folders were open, and are none of an edit's business. */
  const allowed = async (id: string, board: Board): Promise<Board> => {
    const known = new Set(readBoard(db, id).board.keyframes.map(({ path }) => path));
    const keyframes = board.keyframes.map(async (keyframe) =>
      known.has(keyframe.path) ? keyframe : { ...keyframe, path: await access.check(keyframe.path) },
    );
    return { ...board, keyframes: await Promise.all(keyframes) };
  };
  return {
    'board.create': async ({ name }) => listed(createBoard(db, { ...EMPTY_BOARD, name })),
    'board.open': async ({ id }) => readBoard(db, id),
    'board.edit': async ({ id, version, label, board }) =>
      told(editBoard(db, id, version, { label, board: await allowed(id, board) }), version),
    'board.undo': async ({ id, version }) => told(undoBoard(db, id, version), version),
    'board.redo': async ({ id, version }) => told(redoBoard(db, id, version), version),
  };
}

/** Those made for stills far apart first. */
async function engines({ home }: StudioContext): Promise<MorphEngine[]> {
  const places = modelPlaces(home);
  const [apart, near] = [await listInbetweeners(places), await listEngines(places)];
  const shown = ({ id, name, summary, network, uses }: InbetweenEntry): MorphEngine => ({
    ...{ id, name, summary, network },
    uses: { ...uses },
  });
  return [...apart.map(({ entry }) => shown(entry)), ...near.map(({ entry }) => shown(asInbetween(entry)))];
}

/** Of a gap in footage: FILM is made for frames some way apart, and the user's own is the next best guess. */
async function gapEngine({ home, settings }: StudioContext): Promise<string> {
  const all = await listEngines(modelPlaces(home));
  return all.some(({ entry }) => entry.id === 'film') ? 'film' : settings().engine;
}
