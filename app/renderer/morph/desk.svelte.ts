/** An open board with what is needed to show and play it, and what can be done with it by a key, a button or a menu. */
import type { BoardGap, BoardKeyframe } from '../../contract/morph.ts';
import { Playback } from '../preview/playback.svelte.ts';
import type { BoardSession } from '../state/board.svelte.ts';
import { client } from '../state/connection.svelte.ts';
import { pickFiles } from '../state/files.svelte.ts';
import { attempt, toasts } from '../state/toasts.svelte.ts';
import { addKeyframes, addTake, firstGap, moveKeyframe, placeOf, removeKeyframe } from './board-edits.ts';
import { BoardFilm } from './board-film.ts';
import { BoardMedia } from './board-media.svelte.ts';
import { placeAt, spanOf, usedGaps } from './film-map.ts';
import { whyNoTakes } from './gap-words.ts';
import { inOrder, KEYFRAME_ENDINGS, keyframeOf } from './keyframe-files.ts';
import { PointStore } from './points.svelte.ts';

/** What the stage shows: the film, the key points of a gap's two keyframes, or the takes of a gap. */
export type DeskMode = 'film' | 'points' | 'takes';

/** Ids of one call, at most. */
const MOST_IDS = 1000;

export class Desk {
  readonly session: BoardSession;
  readonly media: BoardMedia;
  readonly film: BoardFilm;
  readonly playback: Playback;
  readonly points: PointStore;
  mode: DeskMode = $state('film');
  /** Asks for frames of clips of the library. */
  choosing: boolean = $state(false);
  exporting: boolean = $state(false);

  constructor(session: BoardSession) {
    this.session = session;
    this.media = new BoardMedia(session);
    this.film = new BoardFilm(session, this.media);
    this.points = new PointStore(session);
    this.playback = new Playback(this.film, () => (this.mode === 'takes' ? this.span : null));
    this.playback.loop = session.board.loop;
  }

  dispose(): void {
    this.playback.dispose();
    this.media.close();
  }

  /** The gap that panels mean: the one selected, that after the selected keyframe, or the one under the playhead; -1 where there is none. */
  get gap(): number {
    const { selected, board, starts } = this.session;
    const used = usedGaps(board);
    const here = placeAt(starts, Math.round(this.playback.frame));
    const index = selected?.index ?? (here?.kind === 'between' ? here.gap : (here?.index ?? -1));
    return Math.min(index, used - 1);
  }

  get span(): { from: number; to: number } | null {
    const { gap } = this;
    return gap < 0 ? null : spanOf(this.session.starts, gap);
  }

  /** The gap with the keyframes at its two ends. */
  get ends(): { index: number; gap: BoardGap; first: BoardKeyframe; last: BoardKeyframe } | undefined {
    const { gap: index } = this;
    const { keyframes, gaps } = this.session.board;
    const [gap, first, last] = [gaps[index], keyframes[index], keyframes[(index + 1) % keyframes.length]];
    return gap && first && last ? { index, gap, first, last } : undefined;
  }

  /** Selects, and goes there. */
  select(kind: 'keyframe' | 'gap', id: string): void {
    const { session } = this;
    session.select(kind, id);
    const index = placeOf(session.board, id);
    const { from, to } = spanOf(session.starts, index);
    const at = Math.round(this.playback.frame);
    if (kind === 'keyframe') this.playback.seek(from);
    else if (at <= from || at >= to - 1) this.playback.seek(Math.floor((from + to - 1) / 2));
  }

  show(mode: DeskMode): void {
    if (mode === this.mode) return;
    // Takes are compared going round and round in their gap.
    if (mode === 'takes') this.playback.loop = true;
    else if (this.mode === 'takes') this.playback.loop = this.session.board.loop;
    this.mode = mode;
    const { span } = this;
    const at = Math.round(this.playback.frame);
    if (mode === 'takes' && span && (at <= span.from || at >= span.to - 1)) {
      this.playback.seek(Math.floor((span.from + span.to - 1) / 2));
    }
  }

  /** Puts keyframes before a place, at the end where none is given. */
  add(keyframes: readonly BoardKeyframe[], at = this.session.board.keyframes.length): void {
    if (keyframes.length === 0) return;
    const { session } = this;
    const label = keyframes.length === 1 ? 'Add a keyframe' : `Add ${keyframes.length} keyframes`;
    const first = firstGap(session.engines);
    const before = session.board.keyframes.length;
    void session.edit(label, (board) => addKeyframes(board, at, keyframes, first));
    const added = session.board.keyframes.length - before;
    if (added < keyframes.length) toasts.show('A board has no room for more keyframes.', 'warning');
    session.say(`${label}, ${session.board.keyframes.length} on the board`);
  }

  addPaths(paths: readonly string[], at?: number): void {
    this.add(
      inOrder(paths).map((path) => keyframeOf(path)),
      at,
    );
  }

  async addFiles(at?: number): Promise<void> {
    const paths = await attempt(() => pickFiles({ title: 'Stills for the board', endings: KEYFRAME_ENDINGS }));
    this.addPaths(paths ?? [], at);
  }

  /** Clips of the library: of each its first frame. */
  async addClips(ids: readonly string[], at?: number): Promise<void> {
    const clips = await attempt(() => client.call('library.get', { ids: ids.slice(0, MOST_IDS) }));
    this.add(clips?.map(({ path }) => keyframeOf(path)) ?? [], at);
  }

  remove(id = this.session.selection?.id): void {
    const { session } = this;
    const at = id === undefined ? -1 : placeOf(session.board, id);
    if (id === undefined || at < 0) return;
    void session.edit('Remove a keyframe', (board) => removeKeyframe(board, id));
    const next = session.board.keyframes[Math.min(at, session.board.keyframes.length - 1)];
    session.select('keyframe', next?.id);
    session.say(`Keyframe removed, ${session.board.keyframes.length} left`);
  }

  /** Moves the selected keyframe so many places on or back. */
  move(by: number, id = this.session.selection?.id): void {
    const { session } = this;
    const at = id === undefined ? -1 : placeOf(session.board, id);
    if (id === undefined || at < 0) return;
    this.moveTo(id, Math.max(0, at + by + (by > 0 ? 1 : 0)));
  }

  moveTo(id: string, to: number): void {
    const { session } = this;
    void session.edit('Move a keyframe', (board) => moveKeyframe(board, id, to));
    const at = placeOf(session.board, id);
    this.playback.seek(session.starts[at] ?? 0);
    session.say(`Keyframe ${at + 1} of ${session.board.keyframes.length}`);
  }

  /** To the keyframe before or after the playhead. */
  goKeyframe(way: 1 | -1): void {
    const { starts, board } = this.session;
    const frame = Math.round(this.playback.frame);
    const all = starts.slice(0, -1);
    const index = way === 1 ? all.findIndex((start) => start > frame) : all.findLastIndex((start) => start < frame);
    const keyframe = board.keyframes[index];
    if (keyframe) this.select('keyframe', keyframe.id);
  }

  addTake(): void {
    const { ends, session } = this;
    if (!ends) return;
    const why = whyNoTakes(session.engine(ends.gap.engine), ends.gap);
    if (why !== null) return void toasts.show(why);
    void session.edit('Add a take', (board) => addTake(board, ends.first.id));
    this.show('takes');
  }
}
