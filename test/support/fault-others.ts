/** Faults that are not done to one job of the command: to what else is written, and between processes. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toAppError } from '../../app/contract/errors.ts';
import { clipFiles, putFile } from '../../app/core/clips/thumbnails.ts';
import { renderProxy } from '../../app/core/clips/proxy-render.ts';
import { homeAt, openHome } from '../../app/core/base/home.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { probe } from '../../app/core/media/probe.ts';
import { modelPlaces, scanModels, stageModel } from '../../app/core/nn/store.ts';
import { exportProject } from '../../app/core/projects/export.ts';
import { createProject } from '../../app/core/projects/list.ts';
import { inbetween, start } from './command.ts';
import { fakeTools, fill, Running, saidBy, slowmoArgs, smallDisk, type Place, type Tried } from './fault-kit.ts';

type Verdict = Pick<Tried, 'outcome' | 'says' | 'wrong'>;

export interface Other {
  readonly fault: string;
  readonly when: string;
  readonly work: (place: Place, hash: string) => Promise<Verdict>;
}

/** Has `write` write into a folder whose disk is full: it must say so and leave nothing at the place that `left` looks at. */
const toFullDisk = (
  write: (folder: string, place: Place) => Promise<unknown>,
  left: (folder: string) => Promise<boolean> | boolean,
) =>
  async function tryIt(place: Place): Promise<Verdict> {
    const folder = join(place.folder, 'full');
    const unmount = smallDisk(folder, 1);
    if (!unmount) return { outcome: 'not tried: mounting needs root' };
    try {
      fill(folder);
      const error = await write(folder, place).then(
        () => undefined,
        (thrown: unknown) => toAppError(thrown),
      );
      const outcome = error?.code ?? 'done';
      const half = await left(folder);
      const wrong =
        outcome !== 'disk-full' ? 'it does not say that the disk is full' : half ? 'something half is left' : undefined;
      return { outcome, ...(error && { says: error.message.replaceAll(place.folder, '') }), ...(wrong && { wrong }) };
    } finally {
      unmount();
    }
  };

const poster = (folder: string) => clipFiles({ root: folder }, 'a');

/** Several commands at once; how each ended. */
async function together(
  place: Place,
  all: readonly (readonly string[])[],
): Promise<{ outcome: string; hash: string | undefined }[]> {
  const runs = await Promise.all(all.map((args) => start(place.home, args).done));
  return runs.map((run) => {
    const { error, result } = saidBy(run);
    return { outcome: error?.code ?? (run.status === 0 ? 'done' : `status ${run.status}`), hash: result?.pictureHash };
  });
}

const told = (ends: readonly { outcome: string }[]): string =>
  ends
    .map(({ outcome }) => outcome)
    .toSorted()
    .join(', ');

export const OTHERS: readonly Other[] = [
  {
    fault: 'the disk is full',
    when: 'a poster is written',
    work: toFullDisk(
      (folder) => putFile(poster(folder), poster(folder).thumb, new Uint8Array(100_000)),
      (folder) => existsSync(poster(folder).thumb),
    ),
  },
  {
    fault: 'the disk is full',
    when: 'a proxy is rendered',
    work: toFullDisk(
      async (folder, { clip }) =>
        await renderProxy({ info: await probe(clip), to: join(folder, 'proxy.mp4'), height: 64 }),
      () => false,
    ),
  },
  {
    fault: 'the disk is full',
    when: 'a model is installed',
    work: toFullDisk(
      async (folder, place) => {
        const weights = join(place.folder, 'weights');
        writeFileSync(weights, Buffer.alloc(300_000, 1));
        await using staged = await stageModel(modelPlaces(homeAt(folder)));
        const files = [await staged.add('net.bin', weights, { move: false })];
        await staged.publish({
          id: 'a',
          family: 'film',
          name: 'a',
          licence: 'MIT',
          source: 'a test',
          files,
          config: {},
        });
      },
      async (folder) => (await scanModels(modelPlaces(homeAt(folder)))).models.some(({ id }) => id === 'a'),
    ),
  },
  {
    fault: 'the disk is full',
    when: 'a project is exported',
    work: toFullDisk(
      async (folder, { home }) => {
        using db = openLibrary(await openHome({ library: home }));
        const { id } = createProject(db, 'A film');
        await exportProject(db, id, { path: join(folder, 'film.inbetween'), force: false });
      },
      (folder) => existsSync(join(folder, 'film.inbetween')),
    ),
  },
  {
    fault: 'the disk is full',
    when: 'a frame is written (frame)',
    work: toFullDisk(
      async (folder, { home, clip }) => {
        const { status, stdout } = await inbetween(home, [
          'frame',
          clip,
          clip,
          '-o',
          join(folder, 'half.bmp'),
          '--json',
        ]);
        const { error } = saidBy({ status, stdout, stderr: '', killedBy: null });
        if (error) throw Object.assign(toAppError(error.message), { code: error.code });
      },
      (folder) => existsSync(join(folder, 'half.bmp')),
    ),
  },
  {
    fault: 'ffprobe hangs',
    when: 'probing; cancelled',
    async work(place) {
      const running = new Running(place, fakeTools(place.folder, 'ffprobe', 'exec sleep 600'));
      await running.stopAt('probing');
      running.goOn();
      await sleep(300);
      const at = performance.now();
      running.child.kill('SIGINT');
      const run = await running.done;
      const seconds = (performance.now() - at) / 1000;
      const outcome = saidBy(run).error?.code ?? `status ${run.status}`;
      const wrong =
        outcome !== 'cancelled' || run.status !== 130
          ? 'it was not cancelled'
          : seconds > 10
            ? `it took ${seconds} s`
            : undefined;
      return { outcome, ...(wrong && { wrong }) };
    },
  },
  {
    fault: 'two processes',
    when: 'the same job',
    async work(place, hash) {
      const ends = await together(place, [slowmoArgs(place), slowmoArgs(place)]);
      const done = ends.filter((end) => end.outcome === 'done');
      // One that comes when the other is done finds it done.
      const right =
        done.length > 0 &&
        done.every((end) => end.hash === hash) &&
        ends.every(({ outcome }) => ['done', 'job-busy'].includes(outcome));
      return { outcome: told(ends), ...(!right && { wrong: JSON.stringify(ends) }) };
    },
  },
  {
    fault: 'two processes',
    when: 'two jobs, one output',
    async work(place) {
      const ends = await together(place, [slowmoArgs(place), [...slowmoArgs(place), '--speed', '1/2']]);
      const right = told(ends) === 'done, output-exists';
      return { outcome: told(ends), ...(!right && { wrong: JSON.stringify(ends) }) };
    },
  },
  {
    fault: 'two processes',
    when: 'two jobs, the same chunks',
    async work(place, hash) {
      const other = slowmoArgs({ ...place, output: join(place.out, 'film.mkv') });
      const ends = await together(place, [slowmoArgs(place), other]);
      const right = ends.every((end) => end.outcome === 'done') && ends[0]!.hash === hash && ends[1]!.hash === hash;
      return { outcome: told(ends), ...(!right && { wrong: JSON.stringify(ends) }) };
    },
  },
  {
    fault: 'two processes',
    when: 'both clear up after one that was killed',
    async work(place, hash) {
      const killed = new Running(place);
      await killed.stopAt('rendering');
      killed.signal('SIGKILL');
      await killed.done;
      const other = slowmoArgs({ ...place, output: join(place.out, 'other.mkv') });
      const ends = await together(place, [slowmoArgs(place), other]);
      const right = ends.every((end) => end.outcome === 'done' && end.hash === hash);
      return { outcome: told(ends), ...(!right && { wrong: JSON.stringify(ends) }) };
    },
  },
  {
    fault: 'two processes',
    when: 'a third deletes the output, and the job is asked for again',
    async work(place, hash) {
      await inbetween(place.home, slowmoArgs(place));
      rmSync(place.output);
      const { result } = saidBy(await inbetween(place.home, slowmoArgs(place)));
      const right = result?.pictureHash === hash && result.reusedFrames === result.frames && existsSync(place.output);
      return { outcome: 'done', ...(!right && { wrong: JSON.stringify(result ?? 'nothing') }) };
    },
  },
  {
    fault: 'the output was changed by another program',
    when: 'the job is asked for again',
    async work(place) {
      await inbetween(place.home, slowmoArgs(place));
      writeFileSync(place.output, 'edited');
      const outcome = saidBy(await inbetween(place.home, slowmoArgs(place))).error?.code ?? 'done';
      const right = outcome === 'output-exists' && readFileSync(place.output, 'utf8') === 'edited';
      return { outcome, ...(!right && { wrong: 'what somebody else wrote was replaced' }) };
    },
  },
  {
    fault: 'the database is damaged',
    when: 'between two runs',
    async work(place, hash) {
      mkdirSync(place.home, { recursive: true });
      await inbetween(place.home, slowmoArgs(place));
      rmSync(place.output);
      const path = join(place.home, 'library.db');
      const bytes = readFileSync(path);
      bytes.fill(0x5a, 4096, 40_000);
      writeFileSync(path, bytes);
      let said = saidBy(await inbetween(place.home, slowmoArgs(place)));
      // The damage may only be met in the middle: then it says to run it again.
      if (said.error?.code === 'database') said = saidBy(await inbetween(place.home, slowmoArgs(place)));
      const { result, error } = said;
      const right = result?.pictureHash === hash && result.reusedFrames === result.frames;
      return { outcome: error?.code ?? 'done', ...(!right && { wrong: JSON.stringify(said) }) };
    },
  },
];
