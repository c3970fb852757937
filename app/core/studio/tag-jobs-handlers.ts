/** Handlers of tags.engines and tags.start, and what an open window hears of tag jobs. */
import { SPAN_RULES, type TagSpec } from '../../contract/tags.ts';
import { toAppError, type AppError } from '../../contract/errors.ts';
import { canonicalJson } from '../base/json.ts';
import { listTaggers } from '../engines/registry.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import { clipByPath, needClip, usableClip } from '../library/clip-rows.ts';
import { identify } from '../library/file-identity.ts';
import { clipVersion } from '../library/span-rows.ts';
import { chosenRules, finishedRun, runsOf } from '../library/tag-runs.ts';
import { chosenTagger, ownOutput } from '../tags/request.ts';
import { sampledContent } from '../tags/sample.ts';
import type { StudioContext } from './context.ts';
import type { Handlers } from './handlers.ts';
import type { MediaRoutes } from './media.ts';

export interface TagJobsPart {
  readonly handlers: Pick<Handlers, 'tags.engines' | 'tags.start'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

/** Labels of a job's summary. */
const TOP = 5;
/** Milliseconds between two looks at how far a running job's clip is. */
const LOOK_MS = 1000;

export function openTagJobs({ db, home, topics }: StudioContext, queue: JobQueue): TagJobsPart {
  const changes = new ChangeTeller(
    (path) => {
      const clip = clipByPath(db, path);
      if (!clip) return undefined;
      const runs = runsOf(db, clip.id).map(({ id, scores, finished }) => `${id} ${scores} ${finished}`);
      return { clip: clip.id, look: [clipVersion(db, clip.number).version, ...runs].join() };
    },
    (clip) => topics.emit('tags.changed', { clip }),
  );
  const deaf = topics.listen((topic, payload) => {
    if (topic === 'queue.changed' && 'items' in payload) {
      for (const { state, job } of payload.items) {
        if (job.spec.kind === 'tag' && state === 'running') changes.look(job.spec.input, LOOK_MS);
      }
    } else if (topic === 'queue.ended' && 'job' in payload && payload.job.spec.kind === 'tag') {
      changes.look(payload.job.spec.input, 0);
    }
  });
  return {
    handlers: {
      'tags.engines': async () =>
        (await listTaggers()).map(({ id, version, name, summary, mode, labels, size, rate, embedded }) => {
          return { id, version, name, summary, mode, labels: [...labels], size, rate, embedded };
        }),
      'tags.start': async ({ clips, engine, rules: given, again }) => {
        const entry = await chosenTagger(engine);
        for (const id of clips) needClip(db, id);
        const occasion = again ? { again: new Date().toISOString() } : {};
        const specs: { spec: TagSpec; frames: number }[] = [];
        let problem: AppError | undefined;
        for (const id of clips) {
          try {
            const clip = usableClip(db, id);
            const content = sampledContent((await identify(clip.path)).fingerprint, clip.info);
            const key = { clip: id, engine: entry.id, version: entry.version, content };
            const known = again ? undefined : finishedRun(db, key);
            if (known && (!given || canonicalJson(known.rules) === canonicalJson(given))) continue;
            const output = await ownOutput(home, clip.path, entry.id);
            const rules = given ?? chosenRules(db, id, entry.id) ?? SPAN_RULES;
            const what = { title: clip.name, input: clip.path, output, engine: entry.id, rules };
            specs.push({
              spec: { kind: 'tag', ...what, labels: null, top: TOP, ...occasion, force: false },
              frames: Math.ceil((clip.duration ?? 0) * entry.rate),
            });
          } catch (thrown) {
            // One that cannot be used does not stop the others.
            problem ??= toAppError(thrown);
          }
        }
        if (specs.length === 0 && problem) throw problem;
        const jobs = specs.map(({ spec, frames }) =>
          queue.enqueue(spec, { title: spec.title, ...(frames > 0 && { frames }) }),
        );
        return { jobs, skipped: clips.length - jobs.length };
      },
    },
    media: {},
    close: async () => deaf(),
  };
}

/** Tells of clips whose runs or spans look different from when they were last looked at. */
class ChangeTeller {
  readonly #read: (path: string) => { clip: string; look: string } | undefined;
  readonly #tell: (clip: string) => void;
  readonly #seen = new Map<string, { at: number; look: string }>();

  constructor(read: (path: string) => { clip: string; look: string } | undefined, tell: (clip: string) => void) {
    this.#read = read;
    this.#tell = tell;
  }

  /** Looks at the clip at `path`, unless that was done within `restMs`. */
  look(path: string, restMs: number): void {
    const before = this.#seen.get(path);
    const now = performance.now();
    if (before && now - before.at < restMs) return;
    const found = this.#read(path);
    if (!found) return;
    this.#seen.set(path, { at: now, look: found.look });
    if (found.look !== before?.look) this.#tell(found.clip);
  }
}
