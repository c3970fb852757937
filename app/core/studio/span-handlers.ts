/** Handlers of what is known of actions: tags.clip and what is looked up and done there. Tagging and exporting are in handlers of their own. */
import type { ClipTags } from '../../contract/tags.ts';
import { labelCounts, clipTags } from '../library/span-rows.ts';
import { editSpans, judgeSpans, redoSpans, undoSpans } from '../library/span-history.ts';
import { readScores, runById, runTotals, type TagRunRow } from '../library/tag-runs.ts';
import { searchSpans } from '../tags/find.ts';
import { curveOf, keepRules, spansByRules, strongest } from '../tags/recompute.ts';
import type { StudioContext } from './context.ts';
import type { Handlers } from './handlers.ts';

/** Scores of one run that stay unpacked, while its rules are tried or its curves are looked at. */
const MOST_KEPT = 1 << 24;
/** Clips named one by one in 'tags.changed'; more are "many". */
const MOST_NAMED = 20;

type Method =
  | 'tags.clip'
  | 'tags.scores'
  | 'tags.strongest'
  | 'tags.edit'
  | 'tags.undo'
  | 'tags.redo'
  | 'tags.rules'
  | 'tags.find'
  | 'tags.labels'
  | 'tags.judge';

export function spanHandlers({ db, topics }: StudioContext): Pick<Handlers, Method> {
  let kept: { readonly key: string; readonly scores: Float32Array } | undefined;
  /** All scores of a run, or undefined where they are too many to be kept. */
  const all = (run: TagRunRow): Float32Array | undefined => {
    if (run.scores * run.labels.length > MOST_KEPT) return undefined;
    const key = `${run.id} ${run.scores}`;
    if (kept?.key !== key) kept = { key, scores: readScores(db, run, 0, run.scores) };
    return kept.scores;
  };
  const told = (tags: ClipTags): ClipTags => {
    topics.emit('tags.changed', { clip: tags.clip });
    return tags;
  };
  return {
    'tags.clip': async ({ id }) => clipTags(db, id),
    'tags.scores': async ({ run: id, labels, from, to, points }) => {
      const run = runById(db, id);
      const known = labels.filter((label) => run.labels.includes(label));
      const window = { from, to: Math.max(from, to), points };
      const scores = all(run);
      if (scores) {
        const shape = { labels: run.labels.length, rate: run.rate };
        const curve = (label: string) => curveOf(scores, { ...shape, label: run.labels.indexOf(label) }, window);
        return { curves: known.map((label) => ({ label, values: curve(label) })) };
      }
      const first = Math.max(0, Math.floor(from * run.rate));
      const wanted = known.map((label) => run.labels.indexOf(label));
      const some = readScores(db, run, first, Math.ceil(window.to * run.rate) + 1, wanted);
      const shape = { labels: wanted.length, rate: run.rate };
      const moved = { from: from - first / run.rate, to: window.to - first / run.rate, points };
      return { curves: known.map((label, i) => ({ label, values: curveOf(some, { ...shape, label: i }, moved) })) };
    },
    'tags.strongest': async ({ run, most }) => strongest(runTotals(db, runById(db, run)), most),
    'tags.edit': async ({ clip, version, edits }) => told(editSpans(db, clip, version, edits)),
    'tags.undo': async ({ clip, version }) => told(undoSpans(db, clip, version)),
    'tags.redo': async ({ clip, version }) => told(redoSpans(db, clip, version)),
    'tags.rules': async ({ run: id, rules, keep }) => {
      const run = runById(db, id);
      const spans = spansByRules(db, run, rules, all(run));
      if (keep) keepRules(db, run, rules, spans);
      const tags = clipTags(db, run.clip);
      return { spans, tags: keep ? told(tags) : tags };
    },
    'tags.find': async ({ query, offset, limit }) => searchSpans(db, query, offset, limit),
    'tags.labels': async () => labelCounts(db),
    'tags.judge': async ({ ids, state }) => {
      const { changed, clips } = judgeSpans(db, ids, state);
      for (const clip of clips.length > MOST_NAMED ? [''] : clips) topics.emit('tags.changed', { clip });
      return { changed };
    },
  };
}
