/**
 * Actions on footage: what a recogniser's probabilities say (runs), the spans made of them, what people say of those, and taught labels. Plain data.
 *
 * [Note: who said so] A span is found by an engine or marked by a person. What a person accepted, rejected, moved, relabelled or marked is theirs from then on:
 * a rerun or other rules replace only spans that are still 'found', and add none where a person's span of the same label lies.
 * Times are seconds from the clip's first frame, [start, end).
 */
import type { DeviceChoice } from './choices.ts';
import type { AudioMode } from './curve.ts';

/** How spans are made of the probabilities of one label ([Note: spans] in core/tags/spans.ts). Seconds and probabilities. */
export interface SpanRules {
  /** Sigma of the Gaussian the probabilities are smoothed with; 0 for none. */
  smooth: number;
  /** A span begins where the probability reaches `on`, and goes on while it is at least `off`; 0 < off <= on <= 1. */
  on: number;
  off: number;
  /** Spans of one label with a gap of no more than this are one; then those shorter than `shortest` are dropped. */
  gap: number;
  shortest: number;
  /** Other thresholds for some labels. */
  labels: Record<string, { on: number; off: number }>;
}

export const SPAN_RULES: SpanRules = { smooth: 0.3, on: 0.5, off: 0.3, gap: 0.4, shortest: 0.4, labels: {} };

/** found: by an engine, nobody has looked; accepted, rejected: by a person; marked: a person's own. */
export const SPAN_STATES = ['found', 'accepted', 'rejected', 'marked'] as const;
export type SpanState = (typeof SPAN_STATES)[number];

export interface Span {
  id: string;
  /** Id of the clip in the library. */
  clip: string;
  label: string;
  start: number;
  end: number;
  /** Mean probability over the span; null for what a person marked. */
  score: number | null;
  state: SpanState;
  /** The engine that found it and its version; null for what a person marked. */
  engine: string | null;
  version: string | null;
}

/** A span as files and `--json` have it. */
export interface SpanFact {
  label: string;
  start: number;
  end: number;
  score: number | null;
}

/** One pass of a recogniser over a clip; a newer run of the same engine takes its place. */
export interface TagRun {
  id: string;
  clip: string;
  engine: string;
  version: string;
  /** All that it knows. */
  labels: string[];
  rules: SpanRules;
  /** Scores a second, how many there are, and up to which second; it grows while the job runs. */
  rate: number;
  scores: number;
  until: number;
  finished: boolean;
  /** ISO 8601. */
  at: string;
}

/** All that is known of a clip's actions. `version` grows with every change. */
export interface ClipTags {
  clip: string;
  version: number;
  runs: TagRun[];
  /** By start. */
  spans: Span[];
  canUndo: boolean;
  canRedo: boolean;
}

/** What a person does to a clip's spans. */
export type SpanEdit =
  | { type: 'mark'; label: string; start: number; end: number }
  | { type: 'accept' | 'reject' | 'remove'; id: string }
  /** Back to what the engine said. */
  | { type: 'reset'; id: string }
  | { type: 'change'; id: string; label?: string | undefined; start?: number | undefined; end?: number | undefined }
  | { type: 'split'; id: string; at: number };

/** Everything that determines what a tag job writes. One input; a folder is many jobs. */
export interface TagSpec {
  kind: 'tag';
  /** For people. */
  title: string;
  input: string;
  engine: string;
  rules: SpanRules;
  /** Only these; null for all the engine knows. */
  labels: string[] | null;
  /** Labels of the summary, and of the overlay at any time. */
  top: number;
  /** What is written, by its ending: .json, .csv, .vtt, .srt or .edl. The scores go into the library whatever is written. */
  output: string;
  /** A video, .gif or .png strip of the picture above and the curves below; absent for none. */
  overlay?: string | undefined;
  device?: DeviceChoice | undefined;
  /** Runs the recogniser though its scores are here; says on which occasion (a time, say), so that this job can be gone on with. */
  again?: string | undefined;
  force: boolean;
}

/** What a recogniser says of a whole clip. */
export interface TagSummary {
  input: string;
  engine: string;
  version: string;
  /** Mean probability over the clip, highest first. */
  top: { label: string; score: number }[];
  spans: SpanFact[];
}

/** What a result says of the run it is made from; the spans themselves are in the file and in the library. */
export interface TagOutcome {
  run: string;
  version: string;
  /** Spans that were written, and of how many labels. */
  spans: number;
  labels: number;
  top: TagSummary['top'];
}

/** A recogniser that is here. */
export interface TaggerSummary {
  id: string;
  name: string;
  summary: string;
  version: string;
  /** 'stream' keeps a state from frame to frame; 'base' sees whole windows. */
  mode: 'stream' | 'base';
  labels: string[];
  /** Side of the square it sees, and frames a second. */
  size: number;
  rate: number;
  embedded: boolean;
}

/** A span found by a search, with what a list shows of its clip. */
export interface SpanHit extends Span {
  clipName: string;
  clipPath: string;
  clipDuration: number | null;
}

export const SPAN_ORDERS = ['clip', 'score', 'unsure', 'longest', 'newest'] as const;
export type SpanOrder = (typeof SPAN_ORDERS)[number];

/**
 * What is looked for in words ([Note: the query] in core/tags/query.ts): `jump longer:1s rate:>50 not:night`. Free words match labels, names of clips and their tags;
 * what is rejected is left out unless asked for.
 */
export interface SpanQuery {
  text: string;
  order?: SpanOrder | undefined;
}

export interface SpanPage {
  /** All that match, and how many clips they lie in. */
  total: number;
  clips: number;
  offset: number;
  hits: SpanHit[];
  /** How the words were understood, in a sentence. */
  understood: string;
}

/** A label with how much of it there is. */
export interface LabelCount {
  label: string;
  found: number;
  accepted: number;
  rejected: number;
  marked: number;
  clips: number;
}

/** What is written of found spans. 'clips' cuts each out of its clip as a file of its own. */
export const SPAN_EXPORTS = ['clips', 'slow', 'json', 'csv', 'vtt', 'srt', 'edl'] as const;
export type SpanExport = (typeof SPAN_EXPORTS)[number];

export interface SpanExportOptions {
  what: SpanExport;
  /** Which: these spans, or all that a query finds. */
  spans: { ids: string[] } | { query: string };
  /** Folder for 'clips' and 'slow' and, where there are several clips, for the rest; else a file. */
  to: string;
  /** Seconds before and after each. */
  lead: number;
  /** Of 'slow': the speed in the middle; eased in and out over `ramp` seconds of source. */
  speed?: number | undefined;
  ramp?: number | undefined;
  engine?: string | undefined;
  audio?: AudioMode | undefined;
  force: boolean;
}

export const TEACH_METHODS = ['mean', 'logistic'] as const;
export type TeachMethod = (typeof TEACH_METHODS)[number];

/** A label taught by examples: spans a person accepted or marked, against all others and what lies between. */
export interface TaughtLabel {
  id: string;
  label: string;
  /** The recogniser whose embeddings it reads. */
  engine: string;
  method: TeachMethod;
  /** Examples it was made from, and positive ones there are by now. */
  positive: number;
  negative: number;
  available: number;
  /** Whether people have said something else of it since, or its recogniser is a newer one: to be made anew. */
  stale: boolean;
  /** Leave-one-out: mean of the shares of positive and of negative examples that are told rightly by a classifier made from the others; null below two. */
  accuracy: number | null;
  /** Seconds it took to make. */
  seconds: number;
  at: string;
}

export interface TagsApi {
  'tags.engines': { params: Record<string, never>; result: TaggerSummary[] };
  /** Puts a tag job for each clip into the queue. Throws 'engine-unknown', 'engine-kind', 'clip-unknown'. */
  'tags.start': {
    params: { clips: string[]; engine?: string | undefined; rules?: SpanRules | undefined; again: boolean };
    result: { jobs: string[]; skipped: number };
  };
  'tags.clip': { params: { id: string }; result: ClipTags };
  /** Curves of a run for drawing: for each label the largest probability in each of `points` even parts of [from, to). */
  'tags.scores': {
    params: { run: string; labels: string[]; from: number; to: number; points: number };
    result: { curves: { label: string; values: number[] }[] };
  };
  /** Labels of a run by how much they say anywhere in it, at most `most`. */
  'tags.strongest': { params: { run: string; most: number }; result: { label: string; peak: number; mean: number }[] };
  /**
   * Does edits as one step that undo takes back. Throws 'tags-changed' when a person changed something since `version` (that an engine found more meanwhile is no
   * reason to refuse), 'span-unknown', 'bad-span'.
   */
  'tags.edit': { params: { clip: string; version: number; edits: SpanEdit[] }; result: ClipTags };
  'tags.undo': { params: { clip: string; version: number }; result: ClipTags };
  'tags.redo': { params: { clip: string; version: number }; result: ClipTags };
  /** Spans made anew from the stored scores; `keep` stores them and the rules. Runs no network. */
  'tags.rules': {
    params: { run: string; rules: SpanRules; keep: boolean };
    result: { spans: SpanFact[]; tags: ClipTags };
  };
  /** Throws 'bad-query' saying which word is not understood. */
  'tags.find': { params: { query: SpanQuery; offset: number; limit: number }; result: SpanPage };
  'tags.labels': { params: Record<string, never>; result: LabelCount[] };
  /** Accepts or rejects many at once (the review queue), whichever clips they lie in; undone clip by clip. */
  'tags.judge': { params: { ids: string[]; state: 'accepted' | 'rejected' | 'found' }; result: { changed: number } };
  'tags.export': { params: { options: SpanExportOptions }; result: { jobs: string[]; written: string[] } };

  'teach.list': { params: Record<string, never>; result: TaughtLabel[] };
  /** Makes or remakes a taught label from the examples there are, and finds it on every clip whose embeddings are stored. Throws 'teach-too-few'. */
  'teach.make': { params: { label: string; engine: string; method: TeachMethod }; result: TaughtLabel };
  'teach.remove': { params: { id: string }; result: Record<string, never> };
  'teach.export': { params: { id: string; path: string; force: boolean }; result: { path: string } };
  /** Throws 'bad-taught' for a file that is none. */
  'teach.import': { params: { path: string }; result: TaughtLabel };
}

export interface TagsTopics {
  /** Runs or spans of a clip changed; ask again. '' for many clips. */
  'tags.changed': { clip: string };
  'teach.changed': Record<string, never>;
}
