/** Words for what can be chosen of a gap. */
import {
  heedsSeed,
  type BoardGap,
  type BoardKeyframe,
  type MorphEase,
  type MorphEngine,
  type MorphFit,
  type MorphMotion,
} from '../../contract/morph.ts';

export const EASE_WORDS: Readonly<Record<MorphEase, { label: string; about: string }>> = {
  through: { label: 'Through', about: 'At the speed of the gaps beside it: keyframes are passed without a stop.' },
  linear: { label: 'Even', about: 'The same way from picture to picture.' },
  in: { label: 'Slow start', about: 'Starts slowly.' },
  out: { label: 'Slow end', about: 'Ends slowly.' },
  'in-out': { label: 'Slow start and end', about: 'Rests at both keyframes.' },
};

export const MOTION_WORDS: Readonly<Record<MorphMotion, { label: string; about: string }>> = {
  linear: { label: 'Straight lines', about: 'Key points go straight from one keyframe to the next.' },
  adversarial: {
    label: 'Generated at once',
    about: 'A network that learned from recorded motion draws the whole path, by the seed.',
  },
  autoregressive: {
    label: 'Step by step',
    about: 'Two networks carry the motion forward from one keyframe and backward from the other.',
  },
};

export const FIT_WORDS: Readonly<Record<MorphFit, string>> = {
  crop: 'Cut to fit',
  pad: 'Framed',
  stretch: 'Stretched',
};

/** Why another take of a gap would be the same as the first; null where it is another one. */
export function whyNoTakes(engine: MorphEngine | undefined, { motion, engine: id }: BoardGap): string | null {
  const name = engine?.name ?? id;
  if (!engine?.uses.seed) return `${name} uses no noise: every take of it would be the same.`;
  if (heedsSeed(engine.uses, motion)) return null;
  return `Every take would be the same: takes differ where the motion is "${MOTION_WORDS.adversarial.label}".`;
}

/** A keyframe's name, of a video with its moment: in front, since names are cut at their end. */
export function keyframeName({ name, at }: Pick<BoardKeyframe, 'name' | 'at'>): string {
  return at === null ? name : `${Number(at.toFixed(2))} s of ${name}`;
}
