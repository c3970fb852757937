/** The process that hostile project files are given to: each by the reader it is meant for. What was read is written out and read again. Driven by watched.ts. */
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { AppError, toAppError } from '../../../app/contract/errors.ts';
import { readRecipe, retimeSpec } from '../../../app/cli/slowmo-options.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { createBoard, editBoard } from '../../../app/core/boards/edit.ts';
import { boardSchema } from '../../../app/core/boards/schema.ts';
import { readPoints } from '../../../app/core/keypoints/points-file.ts';
import { parseWindowList } from '../../../app/core/dataset/window-list.ts';
import { readLibrary } from './library-read.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { readCuts } from '../../../app/core/media/scenes.ts';
import { readMapping } from '../../../app/core/models/mapping.ts';
import { exportProject } from '../../../app/core/projects/export.ts';
import { importMarkers, importProject } from '../../../app/core/projects/import.ts';
import { createProject, removeProject } from '../../../app/core/projects/list.ts';
import { prepareJob, specInputs } from '../../../app/core/jobs/spec.ts';
import { parseRecognition } from '../../../app/core/recognition/protocol.ts';
import { parseProtocol } from '../../../app/core/score/protocol.ts';
import { settingChangesSchema } from '../../../app/core/studio/schemas.ts';
import { parseQuery } from '../../../app/core/tags/query.ts';
import { parseTaught } from '../../../app/core/teach/taught-file.ts';
import { curvePieces, parseCurve } from '../../../app/core/time/curve.ts';
import { constantRatePlan } from '../../../app/core/time/plan.ts';
import { TICKS } from '../../../app/contract/time.ts';
import { boardOf } from '../../core/boards/boards-fixture.ts';
import type { Outcome } from './watched.ts';

export interface ProjectCase {
  readonly reader: string;
  readonly path: string;
}

const folder = process.argv[2]!;
const home = await openHome({ library: join(folder, 'home') });
const db = openLibrary(home);
const out = join(folder, 'out');
await mkdir(out, { recursive: true });
const RATE = { num: 25, den: 1 };
let stage = 'starting';

const options = {
  // Nothing but the file's own folder is there.
  check: async (path: string) => {
    if (!path.startsWith(folder)) throw new AppError('not-allowed', 'Outside.');
    return path;
  },
  add: async () => ({ ids: [], added: 0, known: 0, refused: [] }),
  engine: 'glide',
  signal: new AbortController().signal,
};

async function project(path: string): Promise<void> {
  stage = 'import';
  const { project: read } = await importProject(db, path, options);
  try {
    for (const ending of ['inbetween', 'fcpxml', 'edl']) {
      stage = `export as ${ending}`;
      const to = join(out, `again.${ending}`);
      await exportProject(db, read.id, { path: to, force: true });
      if (ending === 'edl') continue;
      stage = `${ending} of our own read again`;
      const again = await importProject(db, to, options);
      removeProject(db, again.project.id);
    }
    if (extname(path) === '.inbetween') return;
    stage = 'markers';
    await importMarkers(db, { id: read.id, version: read.version, path });
  } finally {
    removeProject(db, read.id);
  }
}

function curve(text: string): void {
  const { keys } = parseCurve(text);
  stage = 'plan';
  const times = Array.from({ length: 100 }, (_, i) => (i * TICKS) / 25);
  const plan = constantRatePlan({ times, end: 4 * TICKS, cuts: [], holds: [] }, curvePieces(keys, RATE), RATE, 0);
  for (let i = 0; i < 20; i++) plan.frame(Math.floor(((plan.count - 1) * i) / 19));
}

const board = createBoard(db, boardOf([]));
let boardVersion = board.version;

const READERS: Readonly<Record<string, (path: string, text: () => Promise<string>) => Promise<unknown> | unknown>> = {
  project,
  curve: async (_, text) => curve(await text()),
  cuts: (path) => readCuts(path),
  recipe: async (path) => retimeSpec('/a.mp4', '/b.mp4', await readRecipe(path)),
  taught: async (path, text) => parseTaught(await text(), path),
  points: (path) => readPoints(path),
  protocol: async (path, text) => parseProtocol(await text(), path),
  recognition: async (path, text) => parseRecognition(await text(), path),
  windows: async (_, text) => parseWindowList(await text()),
  mapping: (path) => readMapping(path),
  job: async (_, text) => specInputs(prepareJob(parsed(await text())).spec),
  board: async (_, text) => {
    const checked = boardSchema.safeParse(parsed(await text()));
    if (!checked.success) throw new AppError('bad-request', 'No board.');
    boardVersion = editBoard(db, board.id, boardVersion, { label: 'x', board: checked.data }).version;
  },
  settings: async (_, text) => settingChangesSchema.safeParse(parsed(await text())),
  query: async (_, text) => parseQuery(await text()),
  library: async (path) => {
    // As it lies in a library's folder; what is set aside goes with it.
    const own = join(out, 'library');
    await rm(own, { recursive: true, force: true });
    await mkdir(own, { recursive: true });
    await rename(path, join(own, basename(path)));
    using opened = openLibrary({ database: join(own, basename(path)) });
    readLibrary(opened);
  },
};

/** As it comes over a socket: what is no JSON has been refused before. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError('bad-request', 'Not JSON.');
  }
}

async function attempt({ reader, path }: ProjectCase): Promise<Outcome> {
  try {
    stage = 'read';
    await READERS[reader]!(path, () => readFile(path, 'utf8'));
    return { end: 'done', stage };
  } catch (thrown) {
    const error = toAppError(thrown);
    const stack = error.code === 'internal' ? ((thrown as Error)?.stack ?? String(thrown)) : undefined;
    return { end: error.code, stage, message: error.message.slice(0, 500), ...(stack !== undefined && { stack }) };
  }
}

process.on('message', (message: ProjectCase) => {
  void attempt(message).then((outcome) => process.send!(outcome));
});
process.on('disconnect', () => process.exit(0));
createProject(db, 'ready');
process.send!({ end: 'ready', stage } satisfies Outcome);
