/**
 * From one number of channels to another. [Note: channels]
 *
 * One channel goes to left and right as it is. More than two become two by ITU-R BS.775: the centre and the surrounds at -3 dB, no LFE, all turned down so
 * that nothing can clip. Two become one by their mean. Between more than two and more than two channels keep their places.
 */

/** gains[to][from]. */
export type ChannelGains = readonly (readonly number[])[];

const HALF_POWER = Math.SQRT1_2;

/** Gains from `from` channels, whose speakers stand as ffmpeg orders them, to `to`; undefined when they are as many. */
export function channelGains(from: number, to: number): ChannelGains | undefined {
  if (from === to) return undefined;
  if (from === 1) return Array.from({ length: to }, (_, c) => [c < 2 ? 1 : 0]);
  if (to === 1) {
    const [left, right] = channelGains(from, 2) ?? unity(2);
    return [left!.map((gain, c) => (gain + right![c]!) / 2)];
  }
  if (to > 2 || from === 2) return unity(to).map((row) => Array.from({ length: from }, (_, c) => row[c] ?? 0));
  return stereoOf(from);
}

function unity(channels: number): number[][] {
  return Array.from({ length: channels }, (_, row) => Array.from({ length: channels }, (__, c) => Number(c === row)));
}

/** Where the speakers of 3 to 8 channels stand: front left and right, centre, LFE, back centre, surrounds (l, r). */
const PLACES: Readonly<Record<number, string>> = {
  3: 'LRC',
  4: 'LRCB',
  5: 'LRClr',
  6: 'LRCElr',
  7: 'LRCEBlr',
  8: 'LRCElrlr',
};

function stereoOf(from: number): number[][] {
  const places = [...(PLACES[from] ?? 'LR')];
  const gain = (place: string | undefined, front: string, side: string): number => {
    if (place === front) return 1;
    return place === side || place === 'C' || place === 'B' ? HALF_POWER : 0;
  };
  const rows = [
    ['L', 'l'],
    ['R', 'r'],
  ].map(([front, side]) => Array.from({ length: from }, (_, c) => gain(places[c], front!, side!)));
  const most = Math.max(...rows.map((row) => row.reduce((sum, one) => sum + one, 0)));
  return rows.map((row) => row.map((one) => one / most));
}

/** Interleaved samples of `from` channels as samples of another number. */
export function remix(samples: Float32Array, from: number, gains: ChannelGains | undefined): Float32Array {
  if (!gains) return samples;
  const frames = samples.length / from;
  const out = new Float32Array(frames * gains.length);
  for (let n = 0, at = 0; n < frames; n++) {
    for (const row of gains) {
      let sum = 0;
      for (let c = 0; c < from; c++) sum += row[c]! * samples[n * from + c]!;
      out[at++] = sum;
    }
  }
  return out;
}
