/** The words of a retime that jobs and projects share. */

export const AUDIO_MODES = ['keep-pitch', 'tape', 'mute', 'original'] as const;
export type AudioMode = (typeof AUDIO_MODES)[number];

export const EASES = ['hold', 'linear', 'smooth', 'bezier'] as const;
export type Ease = (typeof EASES)[number];

/** A keyframe of a retime curve: at `output` seconds the picture shows `source` seconds; `ease` shapes the way to the next key. */
export interface CurveKey {
  output: number;
  source: number;
  ease: Ease;
  /** For 'bezier': the two handles as fractions of the way to the next key, [x1, y1, x2, y2], x within 0..1. */
  handles?: [number, number, number, number];
}
