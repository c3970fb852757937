/**
 * A sequence as a CMX3600 edit decision list.
 *
 * [Note: EDL] An event is a clip: reel, source in and out, record in and out, all in timecode of the sequence's rate; the sequence starts at one
 * hour, as tape did. Speeds other than 1 are an M2 line in frames a second, negative backwards; a curve has no line and is told at its mean
 * speed. Markers, and cuts inside clips, are `* LOC:` comments; a stretch has Resolve's `|D:frames` at the end. Comments that
 * begin with `* INBETWEEN` say what the format has no place for.
 */
import type { ProjectState, TimelineClip } from '../../../contract/project.ts';
import { clipEnd, clipsInOrder, markersInOrder } from '../../sequence/geometry.ts';
import { cutFrames } from '../../sequence/snap.ts';
import { format, toNumber } from '../../time/rational.ts';
import { CUT_NAME, cleanName } from './foreign.ts';
import { constantSpeed, shownSpan, timecodeSeconds, type Outgoing, type Written } from './outgoing.ts';
import { canDrop, framesOf, timecodeOf } from './timecode.ts';

const HOUR = { hours: 1, minutes: 0, seconds: 0, frames: 0, drop: false };

export function writeEdl({ name, state, media }: Outgoing): Written {
  const { rate } = state.settings;
  const drop = canDrop(rate);
  const notes: string[] = [];
  const code = (frames: number) => timecodeOf(frames, rate, drop);
  const zero = framesOf(HOUR, rate, drop);
  const lines = [
    `TITLE: ${cleanName(name).slice(0, 70)}`,
    `FCM: ${drop ? 'DROP FRAME' : 'NON-DROP FRAME'}`,
    `* INBETWEEN RATE: ${format(rate)}`,
    '',
  ];
  let rounded = 0;
  const marks = marksOf(state);
  const clips = clipsInOrder(state);
  clips.forEach((clip, i) => {
    const file = media.get(clip.media);
    const { from, to } = shownSpan(clip, rate);
    const [sourceIn, sourceOut] = [from, to].map((seconds) => (seconds + timecodeSeconds(file)) * toNumber(rate));
    const first = Math.round(sourceIn! + 1e-6);
    const last = Math.max(first, Math.round(sourceOut! + 1e-6));
    if (Math.abs(sourceIn! - first) > 0.01 || Math.abs(sourceOut! - last) > 0.01) rounded++;
    const sound = file?.sound && clip.audio !== 'mute' ? 'B    ' : 'V    ';
    const codes = [first, last, zero + clip.start, zero + clipEnd(clip)].map(code).join(' ');
    lines.push(`${String(i + 1).padStart(3, '0')}  AX       ${sound} C        ${codes}`);
    const speed = constantSpeed(clip, rate);
    const mean = speed ?? (to - from) / (clip.frames / toNumber(rate));
    if (speed === undefined) notes.push(`'${clip.name}' has a speed curve; an EDL can only say its mean speed.`);
    if (Math.abs(mean - 1) > 1e-6)
      lines.push(`M2   AX       ${speedField(mean * toNumber(rate))}                ${code(first)}`);
    lines.push(`* FROM CLIP NAME: ${cleanName(clip.name)}`);
    if (file) lines.push(`* SOURCE FILE: ${cleanPath(file.path)}`);
    const due = i === clips.length - 1 ? marks.length : marks.filter((mark) => mark.frame < clipEnd(clip)).length;
    lines.push(...marks.splice(0, due).map((mark) => locator(mark, zero, code)));
    lines.push('');
  });
  if (clips.length === 0) lines.push(...marks.map((mark) => locator(mark, zero, code)), '');
  if (rounded > 0)
    notes.push(`An EDL counts whole frames: the source points of ${rounded} clips were rounded to them.`);
  return { text: lines.join('\r\n'), notes: [...notes, ...unsaid(state)] };
}

interface Mark {
  readonly frame: number;
  readonly frames: number;
  readonly name: string;
  readonly colour: string;
}

/** Markers, and the cuts inside clips, in order. */
function marksOf(state: ProjectState): Mark[] {
  const cuts = clipsInOrder(state).flatMap((clip) =>
    cutFrames(clip, state.settings.rate).map((frame) => ({ frame, frames: 1, name: CUT_NAME, colour: 'cyan' })),
  );
  return [...markersInOrder(state), ...cuts].toSorted((a, b) => a.frame - b.frame);
}

function locator({ frame, frames, name, colour }: Mark, zero: number, code: (frame: number) => string): string {
  const span = frames > 1 ? ` |D:${frames}` : '';
  return `* LOC: ${code(zero + frame)} ${colour
    .toUpperCase()
    .replaceAll(/[^A-Z]/g, '')
    .padEnd(7)} ${cleanName(name)}${span}`.trimEnd();
}

/** Frames a second as the M2 line has them: three digits and as many decimals as it takes. */
function speedField(value: number): string {
  const text = Math.abs(value)
    .toFixed(4)
    .replace(/0{1,3}$/, '');
  const [whole, decimals] = text.split('.');
  return `${value < 0 ? '-' : ''}${whole!.padStart(3, '0')}.${decimals}`;
}

function cleanPath(path: string): string {
  return path.replaceAll(/[\r\n]/g, ' ');
}

function unsaid(state: ProjectState): string[] {
  const clips: TimelineClip[] = Object.values(state.clips);
  const notes: string[] = [];
  if (clips.some((clip) => clip.remedies.length > 0)) notes.push('Remedies of single frames are not in an EDL.');
  if (clips.some((clip) => clip.cuts.removed.length > 0))
    notes.push('Cuts that were said to be none are not in an EDL.');
  return notes;
}
