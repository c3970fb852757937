/** What is cut: scenes for test/long/power.long.ts and test/core/jobs/power.test.ts, each with how to tell that what is there is right. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { JobSpec, RetimeSpec } from '../../app/contract/jobs.ts';
import { homeAt, openHome } from '../../app/core/base/home.ts';
import { jobDetails } from '../../app/core/jobs/control.ts';
import { runJob } from '../../app/core/jobs/runner.ts';
import { prepareJob } from '../../app/core/jobs/spec.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { modelPlaces, scanModels, verifyModels } from '../../app/core/nn/store.ts';
import { countSpec, TASKS_URL } from '../core/jobs/support.ts';
import { ffmpegOutput } from './clips.ts';
import { runScene, type Scene } from './power-cut.ts';

export interface PowerScene extends Scene {
  readonly name: string;
  /** What is wrong with what is there before anything is done about it: a file that is half, a success that is none. */
  readonly look: () => Promise<string | undefined>;
  /** Does it again; what is wrong then, and pieces that were not made again. */
  readonly goOn: () => Promise<{ problem: string | undefined; reused: number }>;
}

type Files = Readonly<Record<string, string>>;

/** Files of a folder as hex; hidden ones are nobody's output. */
function filesIn(folder: string): Files {
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(folder, name)).toString('hex')]));
}

const same = (a: Files, b: Files): boolean => JSON.stringify(a) === JSON.stringify(b);

function placesIn(folder: string): { store: string; home: string; out: string } {
  const places = { store: join(folder, 'store'), home: join(folder, 'home'), out: join(folder, 'out') };
  mkdirSync(places.out, { recursive: true });
  return places;
}

interface JobScene {
  readonly name: string;
  readonly spec: (out: string) => JobSpec;
  readonly tasks?: string;
  /** Before what is recorded; the output's folder is given. */
  readonly before?: (scene: Scene) => Promise<void>;
}

/** A job, made ready in `folder`. */
export async function jobScene(folder: string, { name, spec: specOf, tasks, before }: JobScene): Promise<PowerScene> {
  const places = placesIn(folder);
  const spec = specOf(places.out);
  const scene: Scene = { ...places, command: ['run-spec.ts', places.home, JSON.stringify(spec), tasks ?? ''] };
  await before?.(scene);
  const old = filesIn(places.out);
  const aside = join(folder, 'aside');
  mkdirSync(aside);
  const kept = [places.home, places.out].filter((place) => existsSync(place));
  // Times to the nanosecond: by them a job knows its own output.
  for (const place of kept) execFileSync('cp', ['-a', place, aside]);
  const options = { threads: 1, ...(tasks !== undefined && { tasks }) };
  const run = async () => {
    using db = openLibrary(await openHome({ library: places.home }));
    return await runJob(spec, { ...options, db, home: homeAt(places.home) });
  };
  // What it gives when nothing goes wrong.
  await run();
  const wanted = filesIn(places.out);
  for (const place of [places.home, places.out]) rmSync(place, { recursive: true });
  for (const place of kept) execFileSync('cp', ['-a', join(aside, basename(place)), place]);
  const state = (): string | undefined => {
    if (!existsSync(join(places.home, 'library.db'))) return undefined;
    using db = openLibrary(homeAt(places.home));
    try {
      return jobDetails(db, prepareJob(spec).id).state;
    } catch {
      return undefined;
    }
  };
  return {
    ...{ name, ...scene },
    async look() {
      const there = filesIn(places.out);
      for (const [file, bytes] of Object.entries(there)) {
        if (bytes !== wanted[file] && bytes !== old[file])
          return `${file} is neither what was there nor what is wanted`;
      }
      for (const file of Object.keys(old)) if (there[file] === undefined) return `${file} is gone`;
      const says = state();
      const whole = same(there, wanted) || (Object.keys(old).length > 0 && same(there, old));
      if (says === 'done' && !whole) return 'the job is done without its whole output';
      return undefined;
    },
    async goOn() {
      const ended = state() === 'done';
      const result = await run();
      const litter = readdirSync(places.out).filter((one) => one.startsWith('.'));
      const problem = !same(filesIn(places.out), wanted)
        ? 'the output is not as it would have been'
        : litter.length > 0
          ? `${litter.join(', ')} is left`
          : state() !== 'done'
            ? `the job is ${state()}`
            : undefined;
      // Of a job that is done nothing is made at all.
      return { problem, reused: ended ? result.frames : result.reusedFrames };
    },
  };
}

const order = (folder: string, chunks: number): string => {
  const path = join(folder, 'order.json');
  writeFileSync(path, JSON.stringify({ chunks, pieces: 1, bytes: 3000, pauseMs: 0 }));
  return path;
};

/** A job of a few chunks into nothing; `foreign`: over a file that somebody else wrote, forced. */
export async function countScene(folder: string, { chunks = 2, foreign = false } = {}): Promise<PowerScene> {
  mkdirSync(folder, { recursive: true });
  const input = order(folder, chunks);
  return await jobScene(folder, {
    name: foreign ? 'over a file of somebody else, forced' : 'a first run',
    spec: (out) => countSpec(input, join(out, 'count.bin'), { force: foreign }),
    tasks: TASKS_URL,
    async before({ out }) {
      if (foreign) writeFileSync(join(out, 'count.bin'), 'of somebody else');
    },
  });
}

/** The job over its own output, after its source was changed. */
export async function againScene(folder: string): Promise<PowerScene> {
  mkdirSync(folder, { recursive: true });
  const input = order(folder, 1);
  return await jobScene(folder, {
    name: 'again, over its own output of another source',
    spec: (out) => countSpec(input, join(out, 'count.bin')),
    tasks: TASKS_URL,
    async before(scene) {
      await runScene(scene);
      order(folder, 2);
    },
  });
}

/** A real clip, into numbered images or a film. */
export async function clipScene(folder: string, output: string): Promise<PowerScene> {
  mkdirSync(folder, { recursive: true });
  const input = join(folder, 'clip.mkv');
  const look = ['-f', 'lavfi', '-i', 'testsrc2=s=48x32:r=25', '-frames:v', '4', '-threads', '1', '-c:v', 'ffv1'];
  ffmpegOutput(...look, input);
  const spec = (out: string): RetimeSpec => ({
    ...countSpec(input, join(out, output), { speed: { num: 1, den: 2 }, engine: 'blend' }),
    ...(output.endsWith('.png') && { codec: undefined }),
  });
  return await jobScene(folder, { name: `a clip into ${output}`, spec });
}

/** A model of two files into the store. */
export async function modelScene(folder: string): Promise<PowerScene> {
  const places = placesIn(folder);
  const file = join(folder, 'weights');
  writeFileSync(file, Buffer.alloc(5000, 7));
  const scene: Scene = { ...places, command: ['power-users.ts', places.home, 'model', file] };
  const models = modelPlaces(homeAt(places.home));
  const damaged = async (): Promise<string | undefined> => {
    const all = await verifyModels(undefined, { places: models });
    const bad = all.find(({ good, origin }) => !good && origin === 'installed');
    return bad && `the model ${bad.id} is there and damaged: ${JSON.stringify(bad)}`;
  };
  return {
    ...{ name: 'a model into the store', ...scene },
    look: damaged,
    async goOn() {
      const { status, stderr } = await runScene(scene);
      const there = (await scanModels(models)).models.some(({ id }) => id === 'a');
      return { problem: status !== 0 || !there ? `it is not there: ${stderr}` : await damaged(), reused: 0 };
    },
  };
}

/** A project's file over an older one. */
export async function projectScene(folder: string): Promise<PowerScene> {
  const places = placesIn(folder);
  const path = join(places.out, 'film.edl');
  writeFileSync(path, 'an older one');
  const scene: Scene = { ...places, command: ['power-users.ts', places.home, 'project', path] };
  const first = await runScene(scene);
  if (first.status !== 0) throw new Error(first.stderr);
  const wanted = readFileSync(path, 'utf8');
  writeFileSync(path, 'an older one');
  const there = (): string => (existsSync(path) ? readFileSync(path, 'utf8') : 'gone');
  return {
    ...{ name: "a project's file over an older one", ...scene },
    look: async () => (['an older one', wanted].includes(there()) ? undefined : `half a file: ${there().slice(0, 20)}`),
    async goOn() {
      const { status, stderr } = await runScene(scene);
      return { problem: status === 0 && there() === wanted ? undefined : `not written: ${stderr}`, reused: 0 };
    },
  };
}
