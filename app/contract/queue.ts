/** Exports, and the queue they wait in. Plain data. */
import type { Codec, DeviceChoice, JobStage, JobSummary } from './jobs.ts';
import type { Rational } from './time.ts';

/** What is exported of a project: all of it, frames [from, to) of it, or each clip as a file of its own with handles. */
export type ExportScope =
  | { what: 'sequence' }
  | { what: 'range'; from: number; to: number }
  /** Frames of source beyond each end, as far as there are any. `clips` by id; all unless given. */
  | { what: 'segments'; handles: number; clips?: string[] | undefined };

export interface ExportOptions {
  scope: ExportScope;
  /** A file, or for segments the folder they go to. */
  output: string;
  codec: Codec;
  /** The codec's own constant quality; its default unless given. */
  quality?: number | undefined;
  device?: DeviceChoice | undefined;
  /** For segments: the container's ending without dot. */
  container?: string | undefined;
  force: boolean;
}

export interface ExportPreset {
  id: string;
  name: string;
  /** A sentence. */
  about: string;
  codec: Codec;
  container: string;
  quality?: number | undefined;
}

/** What an export will be, before it starts. */
export interface ExportPlan {
  frames: number;
  rate: Rational;
  /** Seconds. */
  duration: number;
  width: number;
  height: number;
  codec: string;
  /** Estimated bytes of the finished file or files. */
  bytes: number;
  /** Output frames that are real, held and synthesised; black ones are in none. */
  real: number;
  held: number;
  synthesised: number;
  /** Frames that are in the chunk store already. */
  cached: number;
  files: string[];
  /** Cannot start while there is one. */
  refused: { what: string; code: string; reason: string }[];
  notes: string[];
}

/** 'paused' keeps what was made and goes on from there. */
export const QUEUE_STATES = ['waiting', 'running', 'paused', 'done', 'failed', 'cancelled'] as const;
export type QueueState = (typeof QUEUE_STATES)[number];

export interface QueueItem {
  /** The job's id. */
  id: string;
  state: QueueState;
  /** Ascending in the order of running. */
  position: number;
  title: string;
  /** Of a sequence without its clips, which may be many. */
  job: JobSummary;
  stage: JobStage | null;
  fraction: number;
  framesPerSecond: number | null;
  etaSeconds: number | null;
  /** What it runs on, as soon as that is known. */
  device: string | null;
  /** The batch it came from. */
  batch: string | null;
}

export interface QueueStatus {
  items: QueueItem[];
  /** The whole queue waits. */
  held: boolean;
  /** Seconds until all of it is done, null while unknown. */
  etaSeconds: number | null;
  /** Jobs that a former run of the app left unfinished: they go on when `queue.continue` is asked, or by themselves where the settings say so. */
  unfinished: string[];
}

/** What is done to every file of a folder. */
export interface BatchRecipe {
  /** 1/4 is quarter speed. */
  speed: Rational;
  factor: number;
  fps?: Rational | undefined;
  engine: string;
  device?: DeviceChoice | undefined;
  codec?: Codec | undefined;
  quality?: number | undefined;
  /** Ending of the outputs without dot; that of the codec unless given. */
  container?: string | undefined;
  audio?: 'keep-pitch' | 'tape' | 'mute' | 'original' | undefined;
}

export interface BatchSpec {
  input: string;
  output: string;
  recipe: BatchRecipe;
  recursive: boolean;
  /** Go on looking for new files. */
  watch: boolean;
  /** By path relative to `input`: what is different for that file; null leaves it out. */
  overrides: Record<string, Partial<BatchRecipe> | null>;
}

export interface BatchFile {
  /** Relative to the input folder. */
  path: string;
  output: string;
  /** 'valid' outputs are there already and right: skipped. */
  state: 'new' | 'valid' | 'waiting' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled' | 'left out';
  problem: string | null;
  job: string | null;
}

export interface BatchStatus {
  id: string;
  spec: BatchSpec;
  /** ISO 8601. */
  startedAt: string;
  watching: boolean;
  files: BatchFile[];
}

/** Two photos: what is made between them. */
export interface PairSpec {
  a: string;
  b: string;
  /** 1 to 8; 2^n - 1 frames between. */
  recursions: number;
  engine: string;
  device?: DeviceChoice | undefined;
  fps: Rational;
  /** A video file; in the library's own folder unless given. */
  output?: string | undefined;
}

export interface PairStatus {
  id: string;
  spec: PairSpec;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  done: number;
  total: number;
  etaSeconds: number | null;
  /** Media paths of the first, the middle and the last picture, as they come. */
  first: string | null;
  middle: string | null;
  last: string | null;
  output: string | null;
  problem: { code: string; message: string } | null;
}
