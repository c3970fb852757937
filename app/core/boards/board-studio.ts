/** Boards as a window works with them: their pictures, plans and key points, by id. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import type { BoardPictures, BoardSummary, KeyPoint, MorphPlan, MorphSpec, TakeState } from '../../contract/morph.ts';
import type { Library } from '../library/db.ts';
import { BoardReader } from './board-reader.ts';
import { readBoard } from './edit.ts';
import { layBoard, type BoardLayout } from './layout.ts';
import { listedBoards, setThumb } from './rows.ts';
import { morphOf } from './spec.ts';
import { StillFacts } from './still-facts.ts';
import { TakeMaker } from './take-maker.ts';
import { boardsFolder, TakeStore, type StoredPicture } from './take-store.ts';

export interface BoardStudioOptions {
  readonly db: Library;
  /** Root of the library. */
  readonly home: string;
  readonly threads: number;
  readonly device: () => DeviceChoice;
  /** The path, or throws path-refused for a file that may not be looked at: it may have been put on the board when other folders were open. */
  readonly check: (path: string) => Promise<string>;
  readonly onTake: (board: string, take: TakeState) => void;
  /** Pictures of keyframes that were told as being made are there. */
  readonly onStills: (board: string) => void;
}

export class BoardStudio {
  readonly #options: BoardStudioOptions;
  readonly #store: TakeStore;
  readonly #facts = new StillFacts();
  readonly #reader: BoardReader;
  readonly #maker: TakeMaker;
  /** The last request to make something. */
  #asked: { readonly board: string } | undefined;

  constructor(options: BoardStudioOptions) {
    const { home, threads, onTake, onStills } = options;
    this.#options = options;
    this.#store = new TakeStore(home);
    this.#reader = new BoardReader({ store: this.#store, home, threads, onStills });
    this.#maker = new TakeMaker({ store: this.#store, home, threads, onTake });
  }

  /** Newest change first. */
  async list(): Promise<BoardSummary[]> {
    const { db, check } = this.#options;
    const shown = listedBoards(db).map(async ({ changedAt, thumb, first, ...row }): Promise<BoardSummary> => {
      const allowed = first !== null && (await check(first).catch(() => undefined)) !== undefined;
      const there = allowed && thumb !== null && (await this.picture('still', thumb)) !== undefined;
      return { ...row, changedAt: new Date(changedAt).toISOString(), thumb: there ? `board/still/${thumb}` : null };
    });
    return await Promise.all(shown);
  }

  /** What is there to be shown; keyframes' pictures that are missing are made. Throws board-unknown, database. */
  async pictures(id: string): Promise<BoardPictures> {
    const layout = await this.#lay(id);
    if (this.#maker.board === id) this.#maker.place(layout.takes);
    const { frame } = layout;
    const corners = layout.keyframes.map(({ corner }) => corner);
    const found = frame ? await this.#reader.stills(id, frame, corners) : [];
    const keyframes = layout.keyframes.map(({ problem, corner }, i) => {
      const picture = found[i]?.there ? `board/still/${corner!.key}` : null;
      return { picture, problem: problem ?? found[i]?.problem ?? null };
    });
    setThumb(this.#options.db, id, found[0]?.there ? corners[0]!.key : null);
    const takes: TakeState[] = [];
    for (const take of layout.takes) takes.push(await this.#maker.state(take));
    return { keyframes, takes };
  }

  /** Makes what is missing of these gaps, or of all: what is in the film first. Throws board-unknown, database. */
  async render(id: string, gaps?: readonly number[]): Promise<void> {
    const asked = { board: id };
    this.#asked = asked;
    const { takes } = await this.#lay(id);
    const chosen = takes.filter(({ gap }) => gaps === undefined || gaps.includes(gap));
    const sorted = chosen.toSorted((a, b) => Number(b.chosen) - Number(a.chosen) || a.gap - b.gap);
    const missing = await this.#maker.missing(sorted);
    // Something else was asked for meanwhile, or nothing more.
    if (this.#asked === asked) this.#maker.make(id, missing);
  }

  /** Ends what is made for a board. */
  stop(id: string): void {
    if (this.#asked?.board === id) this.#asked = undefined;
    if (this.#maker.board === id) this.#maker.stop();
  }

  /** What the film will be, whatever file it goes into. Throws board-unknown, database, path-refused. */
  async plan(id: string): Promise<MorphPlan> {
    const output = join(boardsFolder(this.#options.home), 'plan.mkv');
    await mkdir(dirname(output), { recursive: true });
    // FFV1 holds everything, so that the plan says nothing of what an encoder cannot.
    const plan = await this.#reader.plan(await this.morph(id, { output, codec: 'ffv1', force: true }));
    return { ...plan, refused: plan.refused.filter(({ code }) => code !== 'disk-space') };
  }

  /** The morph that makes the film. Throws board-unknown, database, path-refused. */
  async morph(id: string, film: Pick<MorphSpec, 'output' | 'codec' | 'quality' | 'force'>): Promise<MorphSpec> {
    const { db, device, check } = this.#options;
    const { board } = readBoard(db, id);
    for (const { path } of board.keyframes) await check(path);
    return morphOf(board, { ...film, device: device() });
  }

  /** Throws the first thing that stands in the way of a morph. */
  async requirePossible(spec: MorphSpec): Promise<MorphPlan> {
    const plan = await this.#reader.plan(spec);
    const [first] = plan.refused;
    if (first) throw new AppError(first.code as AppError['code'], first.reason);
    return plan;
  }

  /** Throws board-unknown, engine-kind, engine-unknown, and what reading the keyframe and the engine throw. */
  async points(id: string, keyframe: string, engine: string): Promise<KeyPoint[]> {
    const { db, device } = this.#options;
    const { board } = readBoard(db, id);
    const { frame, keyframes } = await this.#lay(id);
    const laid = keyframes[board.keyframes.findIndex((one) => one.id === keyframe)];
    if (!laid) throw new AppError('bad-request', 'There is no such keyframe on the board.');
    if (laid.problem) throw new AppError(laid.problem.code, laid.problem.message);
    if (!frame || !laid.corner) throw new AppError('unreadable', 'That keyframe cannot be read.');
    const { key, path, at, fields } = laid.corner;
    return await this.#reader.points({ frame, still: { key, path, at, fields }, engine, device: device() });
  }

  /** The picture of a keyframe, or of a take by its number. */
  async picture(kind: string, key: string, index?: string): Promise<StoredPicture | undefined> {
    if (!/^[0-9a-f]{64}$/.test(key)) return undefined;
    if (kind === 'still') return index === undefined ? await this.#store.still(key) : undefined;
    if (kind !== 'take' || index === undefined || !/^\d{1,5}$/.test(index)) return undefined;
    return await this.#store.picture(key, Number(index));
  }

  /** Deletes all pictures; what is looked at is made again. */
  async clear(): Promise<void> {
    this.#asked = undefined;
    this.#maker.stop();
    await this.#store.clear();
  }

  close(): void {
    this.#maker.close();
    this.#reader.close();
  }

  async #lay(id: string): Promise<BoardLayout> {
    const { db, device, check } = this.#options;
    return await layBoard(readBoard(db, id).board, { facts: this.#facts, device: device(), check });
  }
}
