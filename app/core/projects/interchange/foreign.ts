/** A sequence as other programs tell it, before its media are found in the library. */
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import type { CurveKey } from '../../../contract/jobs.ts';
import type { ClipCuts } from '../../../contract/project.ts';
import type { Rational } from '../../../contract/time.ts';
import { timelineClipSchema } from '../../sequence/schemas.ts';

/** Where a file says its media is. */
export interface ForeignMedia {
  /** The file's name, or whatever the clip is called. */
  readonly name: string;
  /** Absolute as written there; undefined where it is not said. */
  readonly path?: string | undefined;
  /** From the project file's folder. */
  readonly relative?: string | undefined;
  /** Hex SHA-256 of the content. */
  readonly hash?: string | undefined;
}

/** Which moments a clip shows. */
export type ForeignRetime =
  /** Constant speed: of the source, `from` seconds is the earliest moment that is shown, also backwards. 0 freezes it. */
  | { readonly kind: 'constant'; readonly from: number; readonly speed: number }
  /** A whole retime, of which the clip shows frames from `first` on. */
  | { readonly kind: 'keys'; readonly keys: readonly CurveKey[]; readonly first: number };

/** What other programs do not know, and carry along for us. */
export const clipExtrasSchema = timelineClipSchema
  .pick({
    engine: true,
    audio: true,
    cuts: true,
    holds: true,
    maxHold: true,
    shutter: true,
    remedies: true,
    colour: true,
  })
  .partial();
export type ClipExtras = z.output<typeof clipExtrasSchema>;

export interface ForeignClip {
  readonly name: string;
  readonly media: ForeignMedia;
  /** Timecodes count from the media's own first timecode, where it has one, rather than from 0. */
  readonly byTimecode: boolean;
  /** Frames of the sequence. */
  readonly start: number;
  readonly frames: number;
  readonly retime: ForeignRetime;
  readonly extras?: ClipExtras | undefined;
}

export interface ForeignMarker {
  readonly frame: number;
  readonly frames: number;
  readonly name: string;
  readonly colour: string;
  /** A cut inside the clip that is there. */
  readonly cut: boolean;
}

export interface ForeignSequence {
  readonly name: string;
  readonly rate: Rational;
  /** The file says the rate; otherwise it was guessed, and `rate` is what is most likely. */
  readonly rateKnown: boolean;
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  readonly clips: readonly ForeignClip[];
  readonly markers: readonly ForeignMarker[];
  /** What could not be read. One sentence each. */
  readonly notes: readonly string[];
}

export const NO_CUTS: ClipCuts = { auto: true, added: [], removed: [], accepted: [] };
/** Name of a marker that stands for a cut inside a clip. */
export const CUT_NAME = 'Inbetween cut';
/** Bytes of a project file of whatever kind; clips and markers in it. */
export const FILE_LIMITS = { bytes: 64 << 20, records: 50_000 };

/** Colours a marker may have with us; others become blue. */
export const MARKER_COLOURS = [
  'red',
  'green',
  'blue',
  'cyan',
  'magenta',
  'yellow',
  'orange',
  'purple',
  'white',
  'black',
];

export function markerColour(name: string): string {
  const lower = name.toLowerCase();
  return MARKER_COLOURS.includes(lower) ? lower : 'blue';
}

export function badProject(message: string, cause?: unknown): AppError {
  return new AppError('bad-project', message, { cause });
}

/** Counts what is read; throws bad-project when it is more than a project holds. */
export function countRecords(count: number): void {
  if (count > FILE_LIMITS.records) throw badProject(`It has more than ${FILE_LIMITS.records} clips and markers.`);
}

/** A name from a file: no control characters, not endless. */
export function cleanName(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 500)
    .toWellFormed();
}
