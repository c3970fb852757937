/** From a timeline to a board and back. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Method, Params, Result, Topics } from '../../../app/contract/api.ts';
import type { ProjectState } from '../../../app/contract/project.ts';
import { filmsFolder, openHome } from '../../../app/core/base/home.ts';
import { sweepFilms } from '../../../app/core/boards/film-sweep.ts';
import { insertClip } from '../../../app/core/library/clip-rows.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { holeAt } from '../../../app/core/boards/from-timeline.ts';
import { pendingFilms } from '../../../app/core/boards/film-rows.ts';
import { fillHole, holeNow } from '../../../app/core/boards/place-film.ts';
import { applyChanges } from '../../../app/core/sequence/apply.ts';
import { lift, moveClips, trimEnd, trimStart } from '../../../app/core/sequence/edits.ts';
import { openStudio, type Studio } from '../../../app/core/studio/open.ts';
import { makeClip } from '../../support/clips.ts';
import { tempFolder } from '../../support/command.ts';
import { until } from '../jobs/support.ts';
import { clip, layout, sequence } from '../sequence/sequence-fixture.ts';

/** Clips a and b with a gap of 10 frames between, then c. */
const gapped = sequence([clip('a', 0, 10), clip('b', 20, 10), clip('c', 30, 10)]);

test('what is to be filled: the gap around a frame, or what is between the ends of a range', () => {
  assert.deepEqual(holeAt(gapped, 14), { at: 10, frames: 10 });
  assert.deepEqual(holeAt(gapped, 10), { at: 10, frames: 10 });
  assert.deepEqual(holeAt(gapped, 2, 6), { at: 3, frames: 4 });
  assert.deepEqual(holeAt(gapped, 25, 10), { at: 26, frames: 8 });
  const refused: [number, number | undefined, RegExp][] = [
    [5, undefined, /is a clip at that frame/],
    [40, undefined, /no picture after/],
    [12, 10, /no picture before/],
    [5, 10, /no picture after/],
    [3, 2, /one between/],
  ];
  for (const [at, frames, message] of refused) {
    assert.throws(() => holeAt(gapped, at, frames), { code: 'empty-range', message });
  }
  const late = sequence([clip('a', 5, 10)]);
  assert.throws(() => holeAt(late, 2), { code: 'empty-range', message: /no picture before/ });
  const far = sequence([clip('a', 0, 10), clip('b', 20_000, 10)]);
  assert.throws(() => holeAt(far, 50), { code: 'too-large' });
});

test('a film goes where its ends are shown, in place of an earlier one, and of nothing else', () => {
  const pathOf = (media: string): string => `/${media}.mp4`;
  const facts = { pathOf, isFilm: (media: string) => media.startsWith('film') };
  const placing = {
    ...{ project: 'p', at: 10, frames: 10 },
    first: { path: '/media-a.mp4', at: 9 / 25 },
    last: { path: '/media-b.mp4', at: 0 },
    before: { media: 'media-a', ticks: 9 * 28_224_000 },
    after: { media: 'media-b', ticks: 0 },
  };
  const now = (state: ProjectState) => holeNow(state, placing, facts);
  assert.deepEqual(now(gapped), { at: 10, frames: 10 });
  const moved = applyChanges(gapped, moveClips(gapped, ['a', 'b'], 3, { how: 'overwrite' }));
  assert.deepEqual(now(moved), { at: 13, frames: 10 });

  const long = clip('film', 0, 16, { media: 'film-1' });
  const filled = applyChanges(gapped, fillHole(gapped, { at: 10, frames: 10 }, long));
  assert.equal(layout(filled), 'a 0+10@0, film 10+16@0, b 26+10@0, c 36+10@0');
  assert.deepEqual(now(filled), { at: 10, frames: 16 });
  const short = applyChanges(filled, fillHole(filled, now(filled)!, clip('next', 0, 4, { media: 'film-2' })));
  assert.equal(layout(short), 'a 0+10@0, next 10+4@0, b 14+10@0, c 24+10@0');

  const other = clip('x', 0, 16, { media: 'other' });
  const taken = applyChanges(gapped, fillHole(gapped, { at: 10, frames: 10 }, other));
  assert.equal(now(taken), undefined, 'somebody put another clip there');
  const trimmed = applyChanges(gapped, trimEnd(gapped, 'a', -2, { ripple: false }));
  assert.equal(now(trimmed), undefined, 'the first keyframe is shown no more');
  assert.equal(now(applyChanges(gapped, lift(gapped, ['b']))), undefined);

  // Other stills were put on the board: the place is the one it was asked for, while what is beside it is the same.
  const still = { ...placing, first: { path: '/still.png', at: null } };
  assert.deepEqual(holeNow(gapped, still, facts), { at: 10, frames: 10 });
  const later = applyChanges(gapped, trimStart(gapped, 'b', 1, { ripple: false }));
  assert.equal(holeNow(later, still, facts), undefined);
});

class Desk implements AsyncDisposable {
  readonly studio: Studio;
  readonly updates: Topics['project.changed'][] = [];
  readonly notices: string[] = [];

  constructor(studio: Studio) {
    this.studio = studio;
    studio.topics.listen((topic, payload) => {
      if (topic === 'project.changed') this.updates.push(payload as Topics['project.changed']);
      if (topic === 'notice') this.notices.push((payload as Topics['notice']).message);
    });
  }

  async call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const answer = await this.studio.invoke(method, params);
    if (answer.ok) return answer.result as Result<M>;
    throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.studio[Symbol.asyncDispose]();
  }
}

test('a gap becomes a board, and its film one edit of the project; also when it was made while nobody was there', async (t) => {
  const folder = tempFolder(t);
  const library = join(folder, 'home');
  const roots = [folder];
  const open = async (): Promise<Desk> => new Desk(await openStudio({ library, media: '/media/', roots }));
  const path = join(folder, 'a.mp4');
  makeClip(path, { seconds: 2, rate: '25', size: '160x90', sound: false });
  let project = '';
  let board = '';
  let job = '';
  const gapFilled = ({ state }: { state: ProjectState }): string[] =>
    Object.values(state.clips)
      .toSorted((a, b) => a.start - b.start)
      .map(({ start, frames, first }) => `${start}+${frames}@${first}`);
  {
    await using desk = await open();
    const { ids } = await desk.call('library.add', { paths: [path] });
    const media = ids[0]!;
    const { id, version } = await desk.call('project.create', { name: 'Film' });
    project = id;
    const clips = [
      { media, to: 0.4 },
      { media, from: 0.8, to: 1.2 },
    ];
    await desk.call('project.place', { id, version, clips, at: 0, how: 'append' });
    const doc = await desk.call('project.open', { id });
    const [second] = Object.values(doc.state.clips).filter(({ start }) => start > 0);
    const changes = moveClips(doc.state, [second!.id], 6, { how: 'overwrite' });
    await desk.call('project.edit', { id, version: doc.version, edit: { label: 'Gap', changes } });
    await assert.rejects(desk.call('board.fromTimeline', { project, at: 3 }), { code: 'empty-range' });

    const made = await desk.call('board.fromTimeline', { project, at: 12 });
    board = made.id;
    assert.deepEqual(
      [made.board.origin, made.board.fps, made.board.size, made.board.gaps.map(({ frames }) => frames)],
      [{ project, at: 10, frames: 6 }, { num: 25, den: 1 }, { width: 160, height: 90 }, [6, 14]],
    );
    assert.deepEqual(
      made.board.keyframes.map((one) => [one.path, one.at]),
      [
        [path, 9 / 25],
        [path, 20 / 25],
      ],
    );
    const blended = { ...made.board, gaps: made.board.gaps.map((one) => ({ ...one, engine: 'blend' })) };
    await desk.call('board.edit', { id: board, version: 0, label: 'Blend', board: blended });
    ({ job } = await desk.call('board.toTimeline', { id: board }));
    await until(() => desk.updates.some(({ done }) => done.at(-1)?.label === 'Fill with a morph'), 60_000);
    const filled = await desk.call('project.open', { id: project });
    assert.deepEqual(gapFilled(filled), ['0+10@0', '10+6@1', '16+10@20']);
    const film = Object.values(filled.state.clips).find(({ start }) => start === 10)!;
    // A page may show it although it lies in the library's own folder.
    const source = await desk.studio.media(`clip/${film.media}/source`, new Request('http://x/'));
    assert.equal(source.status, 200);
    await source.body?.cancel();
    const undone = await desk.call('project.undo', { id: project, version: filled.version });
    assert.deepEqual(gapFilled(await desk.call('project.open', { id: project })), ['0+10@0', '16+10@20']);
    assert.equal(undone.done.at(-1)?.label, 'Gap');
    assert.deepEqual(desk.notices, []);
  }
  // It was asked for again, the job is done, and the app went before the film was put there.
  {
    using db = openLibrary({ database: join(library, 'library.db') });
    assert.deepEqual(pendingFilms(db), []);
    const placing = {
      ...{ project, at: 10, frames: 6, first: { path, at: 9 / 25 }, last: { path, at: 20 / 25 } },
      ...{ before: { media: '', ticks: -1 }, after: { media: '', ticks: -1 } },
    };
    db.run('INSERT INTO board_films (job, placing, asked_at) VALUES (?, ?, 0)', job, JSON.stringify(placing));
    db.run(`INSERT INTO board_films (job, placing, asked_at) VALUES ('gone', '{}', 0)`);
  }
  await using desk = await open();
  await until(() => desk.updates.length > 0, 60_000);
  assert.deepEqual(gapFilled(await desk.call('project.open', { id: project })), ['0+10@0', '10+6@1', '16+10@20']);
  {
    using db = openLibrary({ database: join(library, 'library.db') });
    assert.deepEqual(pendingFilms(db), []);
  }
  await desk.call('project.remove', { id: project });
  await assert.rejects(desk.call('board.toTimeline', { id: board }), { code: 'project-unknown' });
});

test('films whose clip was removed from the library go a week after they were made', async (t) => {
  const home = await openHome({ library: join(tempFolder(t), 'home') });
  using db = openLibrary(home);
  const film = (name: string): string => {
    const path = join(filmsFolder(home), name, 'Morph.mp4');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, name);
    return path;
  };
  const [shown, removed] = [film('shown'), film('removed')];
  insertClip(db, { path: shown, bytes: 5, mtimeNs: '0', named: true });
  assert.deepEqual(await sweepFilms(db, home), []);
  const later = Date.now() + 8 * 24 * 3600 * 1000;
  assert.deepEqual(await sweepFilms(db, home, later), [dirname(removed)]);
  assert.deepEqual(readdirSync(filmsFolder(home)), ['shown']);
});
