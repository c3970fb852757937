/** What makes the samples of a run ([Note: runs] in runs.ts): copied, resampled like tape, or stretched. */
import type { TimeMap } from '../../time/map.ts';
import { reach, resample } from './resample.ts';
import { positionIn, TEMPO_STEP } from './runs.ts';
import type { Run } from './runs.ts';
import type { Sound } from './sound.ts';
import type { Stretcher } from './stretch.ts';

/** Blocks of planar samples from output sample `first` on, without end; each is good until the next is asked for. */
export type Voice = Generator<readonly Float32Array[], never>;

function planes(channels: number, length: number): Float32Array[] {
  return Array.from({ length: channels }, () => new Float32Array(length));
}

/** Speed 1 or -1: the source's own samples, from the nearest one. */
export function* copyVoice(sound: Sound, map: TimeMap, run: Run, first: number): Voice {
  const { sampleRate } = sound;
  const direction = run.kind === 'backward' ? -1 : 1;
  const block = planes(sound.channels, Math.round(sampleRate * TEMPO_STEP));
  const length = block[0]!.length;
  // The nearest sample is found once: rounding again and again could skip or repeat one.
  const anchor = Math.round(run.start * sampleRate);
  const start = Math.round(positionIn(map, run)(anchor / sampleRate) * sampleRate);
  for (let at = first; ; at += length) {
    const place = start + direction * (at - anchor);
    sound.read(direction > 0 ? place : place - length + 1, block);
    if (direction < 0) for (const plane of block) plane.reverse();
    yield block;
  }
}

/** As a tape would sound: pitch follows speed. Positions between two readings of the map are on a line. */
export function* tapeVoice(sound: Sound, map: TimeMap, run: Run, first: number): Voice {
  const { sampleRate, channels } = sound;
  const position = positionIn(map, run);
  const length = Math.round(sampleRate * TEMPO_STEP);
  const out = planes(channels, length);
  let from = position(first / sampleRate) * sampleRate;
  for (let at = first; ; at += length) {
    const to = position((at + length) / sampleRate) * sampleRate;
    const step = (to - from) / length;
    const margin = reach(step);
    const base = Math.floor(Math.min(from, to)) - margin;
    const source = planes(channels, Math.ceil(Math.abs(to - from)) + 2 * margin + 2);
    sound.read(base, source);
    for (const [c, plane] of out.entries()) resample(source[c]!, from - base, step, plane);
    yield out;
    from = to;
  }
}

/** Pitch kept, forwards or backwards ([Note: time stretching] in stretch.ts). */
export function* stretchVoice(sound: Sound, map: TimeMap, run: Run, first: number, stretcher: Stretcher): Voice {
  const { sampleRate } = sound;
  const { hop, lead, before, after } = stretcher;
  const position = positionIn(map, run);
  stretcher.reset();
  for (let k = -stretcher.warmUp; ; k++) {
    const middle = first + k * hop + lead;
    const at = Math.round(position(middle / sampleRate) * sampleRate);
    const speed = Math.abs(position((middle + hop / 2) / sampleRate) - position((middle - hop / 2) / sampleRate));
    const inputs = stretcher.inputs();
    // Backwards is forwards in a mirrored source.
    sound.read(run.kind === 'backward' ? at - after + 1 : at - before, inputs);
    if (run.kind === 'backward') for (const plane of inputs) plane.reverse();
    const out = stretcher.next((speed * sampleRate) / hop);
    if (k >= 0) yield out;
  }
}
