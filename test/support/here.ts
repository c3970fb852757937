/** A retime job done in the test's own process: the task, the chunk store, the library and ffmpeg are the real ones, only the process around it is not. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import type { RetimeResult, RetimeSpec } from '../../app/contract/jobs.ts';
import { openHome, type Home } from '../../app/core/base/home.ts';
import { openChunkStore } from '../../app/core/jobs/chunk-files.ts';
import { prepareJob } from '../../app/core/jobs/spec.ts';
import { retime } from '../../app/core/jobs/tasks/retime.ts';
import { analysisCache } from '../../app/core/library/analysis-cache.ts';
import { openLibrary, type Library } from '../../app/core/library/db.ts';
import { identify } from '../../app/core/library/file-identity.ts';
import { registerJob } from '../../app/core/library/job-rows.ts';

export class Here implements Disposable {
  readonly #home: Home;
  readonly #db: Library;

  private constructor(home: Home) {
    this.#home = home;
    this.#db = openLibrary(home);
  }

  /** With a library in `folder`. */
  static async open(folder: string): Promise<Here> {
    return new Here(await openHome({ library: folder }));
  }

  async run(spec: RetimeSpec): Promise<RetimeResult> {
    const db = this.#db;
    const { id } = prepareJob(spec);
    registerJob(db, { id, hash: id, kind: spec.kind, spec: JSON.stringify(spec) });
    const scratch = join(this.#home.root, 'here');
    await mkdir(scratch, { recursive: true });
    const part = join(dirname(spec.output), `.here${extname(spec.output)}`);
    try {
      return await retime(spec, {
        ...{ id, db, scratch, part, threads: 1, relief: { shrink: 1, cpu: false }, partFor: () => part },
        signal: new AbortController().signal,
        emit: () => {},
        chunks: await openChunkStore({ root: this.#home.chunks, db, job: id }),
        sources: [await identify(spec.input)],
        analyses: analysisCache(db),
        publish: async (files) => {
          for (const { from, to } of files) await rename(from, to);
        },
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]();
  }
}
