/** The library of clips, as its views see it. Plain data. */
import type { VideoInfo } from './media.ts';
import type { Rational } from './time.ts';

/** 'probing' until it is known what the file is; 'refused' when it cannot be used; 'missing' when it is not where it was. */
export const CLIP_STATES = ['probing', 'ready', 'refused', 'missing'] as const;
export type ClipState = (typeof CLIP_STATES)[number];

/** A row of the library: what a card shows. */
export interface ClipSummary {
  id: string;
  name: string;
  path: string;
  state: ClipState;
  /** Why it is refused. */
  problem: string | null;
  /** Seconds, null until known. */
  duration: number | null;
  rate: Rational | null;
  /** The frame rate varies. */
  vfr: boolean;
  width: number | null;
  height: number | null;
  codec: string | null;
  bitDepth: number | null;
  hdr: boolean;
  hasAudio: boolean;
  bytes: number;
  tags: string[];
  /** ISO 8601. */
  addedAt: string;
  /** Pictures for hover scrubbing in its sprite; 0 until it is made. */
  thumbs: number;
  /** Other clips with the same content. */
  duplicates: number;
  /** The renderer cannot play the source itself: 'none' needed, or the state of the proxy. */
  proxy: 'unneeded' | 'wanted' | 'making' | 'ready' | 'failed';
}

export interface ClipDetails extends ClipSummary {
  info: VideoInfo | null;
  /** Hex SHA-256 of the content, null until computed. */
  contentHash: string | null;
  duplicateOf: string[];
}

export const CLIP_ORDERS = ['added', 'name', 'duration', 'rate', 'size', 'resolution'] as const;
export type ClipOrder = (typeof CLIP_ORDERS)[number];

/** Every condition that is given must hold. */
export interface ClipQuery {
  /** Words, each of which the name or a tag contains, whatever the case. */
  text?: string | undefined;
  tag?: string | undefined;
  state?: ClipState | undefined;
  duration?: { min?: number | undefined; max?: number | undefined } | undefined;
  rate?: { min?: number | undefined; max?: number | undefined } | undefined;
  /** Lines of the picture. */
  height?: { min?: number | undefined; max?: number | undefined } | undefined;
  duplicates?: boolean | undefined;
  order?: ClipOrder | undefined;
  descending?: boolean | undefined;
}

/** A window on the answer of a query. */
export interface ClipPage {
  /** All that match. */
  total: number;
  offset: number;
  clips: ClipSummary[];
}

/** What became of files that were added. */
export interface AddReport {
  /** Ids, in the order given; files that were here already are among them. */
  ids: string[];
  added: number;
  known: number;
  /** Files and folders that were left out, and why. */
  refused: { path: string; reason: string }[];
}

/** How often a shot shows a new picture: for every frame, every second, ...; 'mixed' where no one length prevails, 'none' where it is too short or too still to tell. */
export const CADENCES = ['ones', 'twos', 'threes', 'fours', 'mixed', 'none'] as const;
export type Cadence = (typeof CADENCES)[number];

/** A shot and how it is drawn. */
export interface ShotCadence {
  /** Its first frame, and how many it has. */
  first: number;
  frames: number;
  cadence: Cadence;
  /** Of its frames in motion, the share whose picture lasts as the cadence says (of 'mixed', the greatest share there is); 0 to 1. */
  share: number;
  /** Share of neighbouring pictures that last equally long, 0 to 1. */
  regularity: number;
  /** Share of all its frames that repeat the one before. */
  repeated: number;
}

/** What is known of a clip after one decoding pass: the truth the timeline works with. Times in seconds from its first frame. */
export interface ClipFacts {
  frames: number;
  /** Every frame's time. */
  times: number[];
  end: number;
  /** Its frame rate, or what comes nearest to it where it varies. */
  rate: Rational;
  vfr: boolean;
  /** Times at which a new shot starts. */
  cuts: number[];
  /** Runs of repeated frames: first and last frame. */
  holds: [number, number][];
  /** How each shot is drawn, in order. */
  shots: ShotCadence[];
  /** How its fields came about. */
  fields: ClipFields;
}

export interface ClipFields {
  kind: 'progressive' | 'interlaced' | 'telecined' | 'soft-telecine' | 'mixed';
  /** What was found, the clip being the subject: 'is interlaced, top field first'. */
  says: string;
  /** What is done about it unless something else is chosen, a sentence each. */
  notes: string[];
}
