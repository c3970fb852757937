/** Libraries for tests: one with its handlers, and one with thousands of clips that were never files. */
import { linkSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Params, Result } from '../../app/contract/api.ts';
import { openHome } from '../../app/core/base/home.ts';
import { clipFiles } from '../../app/core/clips/thumbnails.ts';
import { openLibrary, type Library } from '../../app/core/library/db.ts';
import { nameOrder } from '../../app/core/library/name-order.ts';
import { Access } from '../../app/core/studio/access.ts';
import { openLibraryPart, type LibraryHooks, type LibraryPart } from '../../app/core/studio/library-handlers.ts';
import type { StudioContext } from '../../app/core/studio/context.ts';
import { createTopicBus } from '../../app/core/studio/topics.ts';
import { DEFAULT_SETTINGS } from '../../app/contract/settings.ts';

type LibraryMethod = keyof LibraryPart['handlers'];

export interface TestLibrary extends AsyncDisposable {
  readonly context: StudioContext;
  readonly part: LibraryPart;
  /** What was pushed, in order. */
  readonly heard: { topic: string; payload: unknown }[];
  call<M extends LibraryMethod>(method: M, params: Params<M>): Promise<Result<M>>;
}

/** Opens the library at `root` with its handlers alone; `roots` as a page has them. */
export async function openTestLibrary(
  root: string,
  { roots = null, ...hooks }: LibraryHooks & { roots?: string[] | null } = {},
): Promise<TestLibrary> {
  const home = await openHome({ library: root });
  const db = openLibrary(home);
  const stop = new AbortController();
  const topics = createTopicBus();
  const heard: TestLibrary['heard'] = [];
  topics.listen((topic, payload) => void heard.push({ topic, payload }));
  const context: StudioContext = {
    db,
    home,
    topics,
    access: await Access.to(roots),
    settings: () => DEFAULT_SETTINGS,
    signal: stop.signal,
    threads: 2,
  };
  const part = await openLibraryPart(context, hooks);
  return {
    context,
    part,
    heard,
    async call(method, params) {
      const handler = part.handlers[method] as (given: unknown, call: { signal: AbortSignal }) => Promise<never>;
      return await handler(params, { signal: new AbortController().signal });
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await part.close();
      db.close();
    },
  };
}

const HEIGHTS = [360, 720, 1080, 2160];
const RATES = [24, 25, 30, 50, 60, 120];
const WORDS = ['walk', 'dog', 'beach', 'city', 'night', 'drone', 'interview', 'goal'];

export interface SeedFiles {
  /** A folder in which an empty file is made for each; otherwise there is none. */
  readonly folder: string;
  readonly home: string;
  /** JPEG files that all have as theirs; the sprite of 24 pictures. */
  readonly thumb: string;
  readonly sprite: string;
}

/** Rows as if `count` clips had been probed, some of them with tags, some twice the same. */
export function seedClips(db: Library, count: number, files?: SeedFiles): void {
  db.write(() => {
    for (let i = 0; i < count; i++) {
      const name = `clip ${WORDS[i % WORDS.length]} ${String(i).padStart(5, '0')}.mp4`;
      const height = HEIGHTS[i % HEIGHTS.length]!;
      const rate = RATES[i % RATES.length]!;
      const tags = i % 3 === 0 ? [`tag ${i % 20}`, 'raw'] : [];
      const file = files ? seedFiles(files, i, name) : undefined;
      db.run(
        `INSERT INTO clips (id, path, name, sort_name, search, state, named, bytes, mtime_ns, duration, rate_num, rate_den, rate, width, height,
           codec, bit_depth, hash, thumbs, thumb_state, peaks_state, added_at)
         VALUES (?, ?, ?, ?, ?, 'ready', 1, ?, ?, ?, ?, 1, ?, ?, ?, 'h264', 8, ?, ?, ?, 'failed', ?)`,
        ...[`seed-${i}`, file?.path ?? `/nowhere/${i % 50}/${name}`, name, nameOrder(name), [name, ...tags].join('\n')],
        ...[file ? 0 : 1_000_000 + ((i * 7919) % 1_000_000), file?.mtimeNs ?? '1'],
        ...[1 + ((i * 31) % 600) / 10, rate, rate, (height * 16) / 9, height],
        ...[`${i % 10 === 0 ? i % 500 : `once-${i}`}`.padStart(64, '0'), file ? 24 : 0, file ? 'ready' : 'failed'],
        1_700_000_000_000 + i,
      );
      for (const tag of tags) {
        db.run('INSERT INTO clip_tags (clip, tag) SELECT number, ? FROM clips WHERE id = ?', tag, `seed-${i}`);
      }
    }
  });
}

function seedFiles(files: SeedFiles, i: number, name: string): { path: string; mtimeNs: string } {
  const path = join(files.folder, name);
  writeFileSync(path, '');
  const own = clipFiles({ root: files.home }, `seed-${i}`);
  mkdirSync(own.folder, { recursive: true });
  linkSync(files.thumb, own.thumb);
  linkSync(files.sprite, own.sprite);
  return { path, mtimeNs: String(statSync(path, { bigint: true }).mtimeNs) };
}
