/**
 * A project: one sequence of clips, with everything that was done to it. Plain data.
 *
 * [Note: records] What is edited is a set of records (the settings, each clip, each marker). An edit is a list of records before and after, so
 * that undoing is the same list read backwards, storing is writing the records that changed, and nobody needs to know what the edit meant.
 */
import type { ClockChoice, FieldsChoice, MaskChoice } from './choices.ts';
import type { AudioMode, CurveKey } from './curve.ts';
import type { ColourInfo } from './media.ts';
import type { Rational } from './time.ts';

/** What every clip is conformed to. Pixels of the sequence are square. */
export interface SequenceSettings {
  /** Frames a second; clips are placed on whole frames of it. */
  rate: Rational;
  /** Even, from 16 to 8192. */
  width: number;
  height: number;
  /** ffmpeg's pixel format name: depth and chroma layout of the picture, 'yuv420p' or 'yuv422p10le' for example. */
  pixelFormat: string;
  colour: ColourInfo;
  /** Hz. */
  sampleRate: number;
  /** 1 or 2 channels of sound, or more where the clips have them. */
  channels: number;
}

/** What is done about one synthesised frame that came out badly: 'hold' and 'blend' or any other engine's id. */
export interface Remedy {
  /** The source time of the frame in ticks from the source's first frame, exactly as planned: it stays the same when other pieces are edited. */
  at: number;
  engine: string;
}

/** Which cuts inside a clip are believed. Seconds of the source at which a new shot starts. */
export interface ClipCuts {
  /** Take those that were detected. */
  auto: boolean;
  added: number[];
  /** Detected, and said not to be cuts. */
  removed: number[];
  /** Detected, and said to be right: only shown, otherwise as the detected ones. */
  accepted: number[];
}

/** A clip on the timeline. */
export interface TimelineClip {
  id: string;
  /** Id of the clip in the library. */
  media: string;
  name: string;
  /** The frame of the sequence it starts at. */
  start: number;
  /**
   * The retime: keys from output seconds to source seconds (from the source's first frame), the first at output 0. It says what the
   * clip would be if all of it were shown; each piece lasts a whole number of frames of the sequence ([Note: curve]).
   */
  keys: CurveKey[];
  /** The part of it that is shown: frames [first, first + frames) of the retime at the sequence's rate. Trimming changes these, never the keys. */
  first: number;
  /** At least 1. */
  frames: number;
  engine: string;
  /** 'auto' keeps the pitch, and mutes below half speed. */
  audio: AudioMode | 'auto';
  cuts: ClipCuts;
  holds: 'auto' | 'off';
  /** Longest hold that is interpolated across, in source frames. */
  maxHold: number;
  /** 'auto' unless given. */
  fields?: FieldsChoice | undefined;
  /** Whose seconds are normal speed to people; 'stored' unless given. The keys' sources are the times that decoding gives, on either ([Note: clocks]). */
  clock?: ClockChoice | undefined;
  /**
   * Neither found nor painted unless given: finding decodes the source once more, which those who have no titles should not pay for.
   * docs/masks.md has what it is worth.
   */
  mask?: MaskChoice | undefined;
  /** Degrees, 0 to 360; for speeds above 1. */
  shutter: number;
  remedies: Remedy[];
  /** A name of the palette, for the eye. */
  colour?: string | undefined;
}

export interface Marker {
  id: string;
  /** Frame of the sequence, and how many it spans (1 for a point). */
  frame: number;
  frames: number;
  name: string;
  colour: string;
}

export interface ProjectState {
  settings: SequenceSettings;
  /** By id. Clips never overlap; gaps are black and silent. */
  clips: Record<string, TimelineClip>;
  markers: Record<string, Marker>;
}

/** One record before and after; null where it was not or is not there. */
export type Change =
  | { kind: 'settings'; before: SequenceSettings; after: SequenceSettings }
  | { kind: 'clip'; id: string; before: TimelineClip | null; after: TimelineClip | null }
  | { kind: 'marker'; id: string; before: Marker | null; after: Marker | null };

/** What the user did, in his words ('Split', 'Trim'), and what it changed. */
export interface Edit {
  label: string;
  changes: Change[];
}

export interface ProjectSummary {
  id: string;
  name: string;
  /** ISO 8601. */
  createdAt: string;
  updatedAt: string;
  clips: number;
  /** Seconds. */
  duration: number;
}

/** A step of the history. */
export interface HistoryEntry {
  /** Ascending in the order of doing. */
  step: number;
  label: string;
  at: string;
}

export interface ProjectDocument {
  id: string;
  name: string;
  /** One more after every edit, undo and redo. */
  version: number;
  state: ProjectState;
  /** Oldest first. The newest 500 of them are told; undoing goes back 2000 steps, or 64 MiB of (deflated) changes. */
  done: HistoryEntry[];
  /** What redo would do, next first. */
  undone: HistoryEntry[];
}

/** What an edit, undo or redo left: the new version, and what changed (to be applied to the version before). */
export interface ProjectUpdate {
  id: string;
  version: number;
  changes: Change[];
  done: HistoryEntry[];
  undone: HistoryEntry[];
}
