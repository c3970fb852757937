/** What a job is asked to do, what it promises before it runs, what it says while it runs, and what it leaves behind. Plain data. */
import type { WireError } from './errors.ts';
import type { ClockChoice, Codec, DeviceChoice, FieldsChoice, MaskChoice } from './choices.ts';
import type { AudioMode, CurveKey } from './curve.ts';
import type { MorphSpec } from './morph.ts';
import type { SequenceSettings, TimelineClip } from './project.ts';
import type { TagOutcome, TagSpec } from './tags.ts';
import type { Rational } from './time.ts';

export { CODECS, DEVICES, type Codec, type Device, type DeviceChoice } from './choices.ts';
export { AUDIO_MODES, EASES, type AudioMode, type CurveKey, type Ease } from './curve.ts';

/** A point in the source: seconds from its first frame, or a frame number. */
export type TimePoint = { seconds: number } | { frame: number };

/** Everything that determines the output of a slow-motion job. Stored as JSON; another machine could run it. */
export interface RetimeSpec {
  kind: 'retime';
  input: string;
  output: string;
  /** Rate of numbered images, which do not say theirs; 24 unless given. */
  inputFps?: Rational;
  /** Speed of playback, not 0: 1/4 is quarter speed, -1 is backwards. Ignored when `curve` is given. */
  speed: Rational;
  /** Multiplies the rate, duration kept; an integer from 1. */
  factor: number;
  /** Output rate; 'source' keeps the timing of the source's own frames (VFR stays VFR); default: the source's rate times `factor`. */
  fps?: Rational | 'source';
  curve?: { keys: CurveKey[] };
  from?: TimePoint;
  to?: TimePoint;
  engine: string;
  /** Where the engine's network runs; auto unless given. Engines without one do not ask. */
  device?: DeviceChoice;
  /** Default: keep-pitch, and mute below half speed. */
  audio?: AudioMode;
  /** Cut times are seconds of the source at which a new shot starts. */
  cuts: 'auto' | 'off' | { times: number[] };
  /** 'auto' finds repeated frames and interpolates across them. */
  holds: 'auto' | 'off';
  /** Longest hold that is interpolated across, in source frames. */
  maxHold: number;
  /** 'auto' unless given. */
  fields?: FieldsChoice;
  /** 'stored' unless given. */
  clock?: ClockChoice;
  /**
   * Neither found nor painted unless given: finding decodes the source once more, which those who have no titles should not pay for.
   * docs/masks.md has what it is worth.
   */
  mask?: MaskChoice;
  /** Degrees of shutter for speeds above 1: each output frame averages the source over shutter/360 of its interval; 0 is off. */
  shutter: number;
  /** Default: by the container and what carries the source (h264 where it can). */
  codec?: Codec;
  /** The codec's own constant quality (CRF for h264, hevc, av1, vp9; profile for prores); default by codec. */
  quality?: number;
  /** Replace an existing output that is not this job's. */
  force: boolean;
}

/** A clip of a sequence with its file. */
export interface SequenceClip extends TimelineClip {
  /** Absolute path. */
  input: string;
}

/** Everything that determines the output of an export: frames [from, to) of a sequence as one file. */
export interface SequenceSpec {
  kind: 'sequence';
  /** For people: the project's name, and of a segment the clip's. Written into the file. */
  title: string;
  settings: SequenceSettings;
  /** In order, without overlap; those outside of [from, to) may be left out. Gaps are black and silent. */
  clips: SequenceClip[];
  /** Frames of the sequence. */
  from: number;
  to: number;
  output: string;
  codec: Codec;
  /** The codec's own constant quality; its default unless given. */
  quality?: number | undefined;
  /** Where the engines' networks run; auto unless given. */
  device?: DeviceChoice | undefined;
  /** Lines of a smaller picture than the sequence's own, even. */
  height?: number | undefined;
  /** Where chapters begin, in frames of the sequence; none unless given. */
  markers?: { frame: number; name: string }[] | undefined;
  /** Timecode of the first frame, 'HH:MM:SS:FF' (';' before the frames where numbers are dropped). */
  timecode?: string | undefined;
  /** Replace an existing output that is not this job's. */
  force: boolean;
}

export type JobSpec = RetimeSpec | SequenceSpec | MorphSpec | TagSpec;

export const JOB_STATES = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** What becomes of a stream of the source, of its chapters, its timecode, its tags. */
export interface TrackFate {
  /** For people: 'sound 2 (fra, Commentary, aac)'. */
  what: string;
  fate: 'kept' | 'converted' | 'left out';
  /** What it becomes, where it is converted. */
  to?: string | undefined;
  /** Why it is left out, or what the conversion loses. */
  why?: string | undefined;
}

/**
 * What a run of any kind of job left behind; of a sequence and a morph `engine` lists all that were asked for, of a tag job `frames` are the pictures looked at.
 * Durations in seconds; `seconds` is wall time.
 */
export interface RetimeResult {
  output: string;
  engine: string;
  device: string;
  /** Output frames, and how each was made: synthesised + passedThrough + held + black = frames. */
  frames: number;
  synthesised: number;
  /** Source frames shown at their own time. */
  passedThrough: number;
  /** Source frames shown again: before a cut, in the tail, in a freeze. */
  held: number;
  /** Frames of gaps between a sequence's clips; absent is none. */
  black?: number | undefined;
  /** Output times of the cuts, in seconds. */
  cuts: number[];
  /** Output rate as 'num/den', or 'vfr'. */
  fps: string;
  durationIn: number;
  durationOut: number;
  /** What became of the sound; 'none' when the source has none or the output holds none, 'mixed' where a sequence's clips differ. */
  audio: AudioMode | 'none' | 'mixed';
  /** End of sound minus end of picture, measured on the written file, of the sound track that is furthest off; 0 without sound. */
  avDriftMs: number;
  seconds: number;
  /** The written file was probed: frames, duration and streams are as planned. */
  verified: boolean;
  /** SHA-256 of the written file's decoded pictures, in lower case hex; absent of tag jobs. The same job gives the same on every run. */
  pictureHash?: string | undefined;
  /** Milliseconds of engine time, for `bench` and for the curious. */
  engineMs: number;
  /** Most bytes of memory that the plan reckoned with, of all processes of the job together. */
  memoryBytes?: number | undefined;
  /** Frames taken from chunks made earlier. */
  reusedFrames: number;
  /** Notes of the plan that the user should know. */
  notes: string[];
  /** Of each stream of the source but the picture; absent of jobs that have no single source. */
  tracks?: TrackFate[] | undefined;
  /** Of the least certain frame that this run of a morph made, 0..1; absent where it made none, and of other kinds. */
  confidence?: number | undefined;
  /** Of a tag job. */
  tags?: TagOutcome | undefined;
}

export type JobStage = 'probing' | 'analysing' | 'recognising' | 'rendering' | 'sound' | 'writing' | 'verifying';

/** What a running job says. `etaSeconds` is absent until it can be told. */
export type JobEvent =
  | {
      type: 'progress';
      stage: JobStage;
      /** Of the whole job, 0..1. */
      fraction: number;
      done: number;
      total: number;
      unit: 'frames' | 'bytes' | 'seconds';
      framesPerSecond?: number;
      etaSeconds?: number;
      /** What the engine runs on, as soon as it runs. */
      device?: string;
    }
  | { type: 'note'; message: string }
  | { type: 'done'; result: RetimeResult }
  | { type: 'failed'; error: WireError };

/** A job as listed. Times are ISO 8601. */
export interface JobSummary {
  id: string;
  state: JobState;
  spec: JobSpec;
  fraction: number;
  createdAt: string;
  updatedAt: string;
  result?: RetimeResult;
  error?: WireError;
}
