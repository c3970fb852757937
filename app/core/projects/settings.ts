/** What a sequence is conformed to, where the user has not said it. */
import type { SequenceSettings } from '../../contract/project.ts';
import { knownColour } from '../media/colour.ts';
import { decodedFormat } from '../media/decode.ts';
import { standardRate, toNumber } from '../time/rational.ts';
import type { MeasuredClip } from './clip-measure.ts';

/** Those of a project that has no clip yet. */
export const EMPTY_SETTINGS: SequenceSettings = {
  rate: { num: 25, den: 1 },
  width: 1920,
  height: 1080,
  pixelFormat: 'yuv420p',
  colour: { range: 'limited', matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' },
  sampleRate: 48_000,
  channels: 2,
};

/** Those that leave a clip as it is: its rate, size (of square pixels, even), depth, chroma, colour and sound. */
export function settingsOf({ info, rate }: Pick<MeasuredClip, 'info' | 'rate'>): SequenceSettings {
  const { video } = info;
  const { num, den } = video.sampleAspect;
  const wide = num > 0 && den > 0 ? (video.width * num) / den : video.width;
  const sound = info.audio[0];
  const usual = toNumber(rate) > 240 || toNumber(rate) < 1 ? EMPTY_SETTINGS.rate : rate;
  return {
    rate: standardRate(toNumber(usual), 1e-5) ?? usual,
    width: even(wide),
    height: even(video.height),
    pixelFormat: decodedFormat(info).name,
    colour: knownColour(video.colour),
    sampleRate: within(sound?.sampleRate ?? EMPTY_SETTINGS.sampleRate, 8000, 192_000),
    channels: within(sound?.channels ?? EMPTY_SETTINGS.channels, 1, 8),
  };
}

function even(pixels: number): number {
  return within(2 * Math.round(pixels / 2), 16, 8192);
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
