/** What the studio is filled with for its pictures: as a user would, by the calls its views make. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ProjectState } from '../../app/contract/project.ts';
import { addMarker, setKeys } from '../../app/core/sequence/edits.ts';
import { clipsInOrder } from '../../app/core/sequence/geometry.ts';
import { SPEED_PRESETS } from '../../app/core/sequence/presets.ts';
import { ffmpegOutput } from '../support/clips.ts';
import type { StudioPage } from '../support/studio-page.ts';
import { hill, seedRun, withLibrary } from '../support/tagged.ts';

export async function fillTags({ call }: StudioPage): Promise<void> {
  const { clips } = await call('library.query', { query: {}, offset: 0, limit: 20 });
  const words = ['outdoors', 'hands', 'animal', 'traffic'];
  for (const [i, clip] of clips.entries()) {
    await call('library.tag', {
      ids: [clip.id],
      add: [words[i % words.length]!, ...(i % 3 ? [] : ['favourite'])],
      remove: [],
    });
  }
}

/** People of the Weizmann set whom the embedded recogniser has not seen, and juggling, yoga and squats. */
const PEOPLE = [
  ...['jumping_jack_p5_o.mp4', 'wave_two_hands_p5_o.mp4', 'bend_p5_o.mp4'].map((name) => `weizmann_mini/${name}`),
  ...['tfjs-models__pose_squats.mp4', 'sam2__05_default_juggle.mp4'].map((name) => `samples/${name}`),
];

/** Actions on clips: recognised, where there is a recogniser and footage for it; else probabilities that were made up for the picture. Whether they were recognised. */
export async function fillActions({ call, page, home }: StudioPage): Promise<boolean> {
  const [engine] = (await call('tags.engines', {})).filter(({ embedded }) => embedded);
  const shared = process.env['INBETWEEN_SHARED'];
  const paths = PEOPLE.map((name) => join(shared ?? '', 'clips', 'actions', name)).filter(existsSync);
  if (engine && shared !== undefined && paths.length > 0) {
    const { ids } = await call('library.add', { paths });
    for (let tries = 0; tries < 100; tries++) {
      if ((await call('library.get', { ids })).every(({ state }) => state !== 'probing')) break;
      await page.waitForTimeout(200);
    }
    await call('tags.start', { clips: ids, engine: engine.id, again: false });
    for (let tries = 0; tries < 400; tries++) {
      const { items } = await call('queue.status', {});
      if (items.every(({ job, state }) => job.spec.kind !== 'tag' || !['running', 'waiting'].includes(state))) break;
      await page.waitForTimeout(500);
    }
    return true;
  }
  const { clips } = await call('library.query', { query: { order: 'name' }, offset: 0, limit: 6 });
  const labels = ['walk', 'run', 'jump', 'wave one hand', 'wave two hands', 'clap', 'throw', 'jumping jack'];
  withLibrary(home, (db) => {
    for (const [i, { id, duration }] of clips.entries()) {
      const seconds = duration ?? 3;
      const of = (label: string, at: number): number => {
        const n = labels.indexOf(label) + i;
        const from = ((n * 0.37) % 0.7) * seconds;
        return n % 3 === 0 ? 0.03 : hill(at, from, from + 0.25 * seconds, 0.45 + ((n * 0.23) % 0.5));
      };
      seedRun(db, { clip: id, engine: 'made-up', labels, seconds, rate: 8, of });
    }
  });
  return false;
}

/** A cut of five clips, the second slowed by a curve, with markers. `slow`: the id of that clip on the timeline. */
export async function fillProject({ call }: StudioPage): Promise<{ id: string; slow: string }> {
  const { clips } = await call('library.query', { query: { order: 'name' }, offset: 0, limit: 20 });
  const wanted = ['dog', 'cups', 'blocks', 'coffee', 'bunny'];
  const chosen = wanted
    .map((word) => clips.find(({ name }) => name.includes(word)))
    .filter((clip) => clip !== undefined);
  const placed = (chosen.length === wanted.length ? chosen : clips.slice(0, 5)).map(({ id }) => ({
    media: id,
    from: 0,
    to: 3,
  }));
  const { id, version } = await call('project.create', { name: 'Tuesday, first cut' });
  await call('project.place', { id, version, clips: placed, at: 0, how: 'append' });
  let document = await call('project.open', { id });
  const edit = async (label: string, changes: ReturnType<typeof setKeys>): Promise<ProjectState> => {
    await call('project.edit', { id, version: document.version, edit: { label, changes } });
    document = await call('project.open', { id });
    return document.state;
  };
  const slow = clipsInOrder(document.state)[1]!;
  const preset = SPEED_PRESETS.find(({ id: name }) => /ramp/i.test(name)) ?? SPEED_PRESETS[1]!;
  let state = await edit(
    'Speed preset',
    setKeys(document.state, slow.id, preset.keys(0, 3, document.state.settings.rate)),
  );
  for (const [i, name] of ['Opening', 'Reveal', 'End of the take'].entries()) {
    state = await edit('Add a marker', addMarker(state, { frame: 20 + 90 * i, name }));
  }
  return { id, slow: slow.id };
}

/** One export that is done, one that runs and one that waits. */
export async function fillQueue({ call, page }: StudioPage, project: string, folder: string): Promise<void> {
  const start = (name: string, from: number, to: number) =>
    call('export.start', {
      project,
      options: { scope: { what: 'range', from, to }, output: join(folder, name), codec: 'h264', force: false },
    });
  await start('opening.mp4', 0, 30);
  for (let tries = 0; tries < 100; tries++) {
    const { items } = await call('queue.status', {});
    if (items.some(({ state }) => state === 'done')) break;
    await page.waitForTimeout(300);
  }
  await start('the whole first cut.mp4', 0, 300);
  await start('second take.mp4', 60, 200);
  await page.waitForTimeout(3000);
}

export async function fillBatch({ call }: StudioPage, folder: string): Promise<void> {
  const { clips } = await call('library.query', { query: { order: 'size' }, offset: 0, limit: 3 });
  const shoot = join(folder, 'shoot');
  mkdirSync(join(shoot, 'day 2'), { recursive: true });
  for (const [i, { path }] of clips.entries()) copyFileSync(path, join(shoot, i === 1 ? 'day 2' : '', basename(path)));
  writeFileSync(join(shoot, 'damaged.mp4'), 'not a film');
  const recipe = { speed: { num: 1, den: 2 }, factor: 1, engine: 'glide' };
  const spec = { input: shoot, output: join(folder, 'slow'), recipe, recursive: true, watch: false, overrides: {} };
  await call('batch.start', { spec });
}

/** A board of moments of clips, its gaps filled by engines that have takes and key points, where there are such. `takes` and `points`: which gaps; -1 for none. */
export async function fillMorph({ call }: StudioPage): Promise<{ id: string; takes: number; points: number }> {
  const { clips } = await call('library.query', { query: { order: 'name' }, offset: 0, limit: 20 });
  const { engines } = await call('board.engines', {});
  const [seeded, pointed] = [
    engines.find(({ uses }) => uses.seed && !uses.points),
    engines.find(({ uses }) => uses.points),
  ];
  const { id, version, board } = await call('board.create', { name: 'From the first cup to the last' });
  const clip = (word: string) => clips.find(({ name }) => name.includes(word)) ?? clips[0]!;
  const shown = [
    { ...clip('cups'), at: 0.2 },
    { ...clip('cups'), at: 1.2 },
    { ...clip('dog'), at: 0.5 },
    { ...clip('dog'), at: 1.1 },
  ];
  const keyframes = shown.map(({ name, path, at }, i) => ({ id: `k${i}`, name, path, at, points: null }));
  const used = [seeded, undefined, pointed, undefined].map((engine) => engine?.id ?? 'glide');
  const gaps = used.map((engine, i) => ({
    ...{ frames: 14, engine, motion: 'linear' as const, ease: 'through' as const, take: 0 },
    takes: i === 0 && seeded ? [0, 1, 2, 3] : [0],
  }));
  const size = { width: 640, height: 360 };
  await call('board.edit', { id, version, label: 'Add 4 keyframes', board: { ...board, keyframes, gaps, size } });
  return { id, takes: 0, points: pointed ? 2 : -1 };
}

export async function fillPair({ call, page }: StudioPage, folder: string): Promise<void> {
  const { clips } = await call('library.query', { query: { text: 'cups' }, offset: 0, limit: 1 });
  const clip = clips[0] ?? (await call('library.query', { query: {}, offset: 0, limit: 1 })).clips[0]!;
  const [a, b] = ['first.png', 'second.png'].map((name) => join(folder, name)) as [string, string];
  for (const [path, at] of [
    [a, '1'],
    [b, '1.2'],
  ] as const) {
    ffmpegOutput('-ss', at, '-i', `file:${clip.path}`, '-frames:v', '1', '-y', `file:${path}`);
  }
  await call('pair.start', { spec: { a, b, recursions: 3, engine: 'glide', fps: { num: 24, den: 1 } } });
  for (let tries = 0; tries < 200; tries++) {
    const [pair] = await call('pair.list', {});
    if (pair && pair.state !== 'running') break;
    await page.waitForTimeout(300);
  }
}
