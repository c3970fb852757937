/**
 * Subtitles that are pictures, retimed. [Note: picture subtitles]
 *
 * PGS and DVB say what is on the screen from now on, and later that nothing is; VobSub says with each picture when it goes. Either way a picture is a
 * span of the source that is shown in spans of the output. A composition may build on the ones before it, back to the last that stands alone (an epoch's
 * start): where it does not follow on what was written last, those are written before it.
 */
import type { Shown } from './inverse.ts';
import type { SubtitlePacket } from './packets-in.ts';
import type { TimedPacket } from './packets-out.ts';

export interface PictureEvent {
  readonly start: number;
  readonly end: number;
  /** Of the packet that shows it. */
  readonly packet: number;
}

interface Kind {
  /** What a packet puts on the screen; undefined where it says nothing of it. */
  composition(data: Buffer): { readonly empty: boolean; readonly alone: boolean } | undefined;
}

/** Presentation composition segment: state at 10 (0 builds on the one before), number of objects at 13. */
const PGS: Kind = {
  composition(data) {
    if (data.length < 14 || data[0] !== 0x16) return undefined;
    return { empty: data[13] === 0, alone: data[10] !== 0 };
  },
};

/** Page composition segment (EN 300 743): state in bits 2 and 3 of the eighth byte (0 builds on the one before), two bytes long without regions. */
const DVB: Kind = {
  composition(data) {
    for (let at = 0; at + 8 <= data.length && data[at] === 0x0f; at += 6 + data.readUInt16BE(at + 4)) {
      if (data[at + 1] !== 0x10) continue;
      return { empty: data.readUInt16BE(at + 4) <= 2, alone: ((data[at + 7]! >> 2) & 3) !== 0 };
    }
    return undefined;
  },
};

const KINDS: Readonly<Record<string, Kind>> = { hdmv_pgs_subtitle: PGS, dvb_subtitle: DVB };

/** Packets of one time belong together: transport streams have a segment in each. */
export function together(codec: string, packets: readonly SubtitlePacket[]): SubtitlePacket[] {
  if (!KINDS[codec]) return [...packets];
  const sets: SubtitlePacket[] = [];
  for (const packet of packets) {
    const last = sets.at(-1);
    if (last && last.start === packet.start) {
      sets[sets.length - 1] = { ...last, data: Buffer.concat([last.data, packet.data]) };
    } else sets.push(packet);
  }
  return sets;
}

/** The pictures and when they are on the screen. */
export function pictureEvents(codec: string, packets: readonly SubtitlePacket[]): PictureEvent[] {
  const kind = KINDS[codec];
  return packets.flatMap(({ start, duration, data }, packet): PictureEvent[] => {
    const next = packets[packet + 1]?.start ?? Infinity;
    if (kind) {
      const shown = kind.composition(data);
      return shown && !shown.empty ? [{ start, end: next, packet }] : [];
    }
    const lasts = duration > 0 ? duration : spuSeconds(data);
    return [{ start, end: lasts > 0 ? start + lasts : next, packet }];
  });
}

/** The packets of the output. `shown[i]` is where event i is shown. */
export function placePictures(
  codec: string,
  packets: readonly SubtitlePacket[],
  events: readonly PictureEvent[],
  shown: readonly (readonly Shown[])[],
): TimedPacket[] {
  const places = events
    .flatMap((event, i) => shown[i]!.map(({ from, to }) => ({ event, from: ms(from), to: ms(to) })))
    .filter(({ from, to }) => to > from)
    .toSorted((a, b) => a.from - b.from);
  const kind = KINDS[codec];
  if (!kind) {
    return places.map(({ event: { start, end, packet }, from, to }) => ({
      start: from,
      end: to,
      data: retimedSpu(packets[packet]!.data, Number.isFinite(end) ? (to - from) / 1000 / (end - start) : 1),
    }));
  }
  const clear = packets.find(({ data }) => kind.composition(data)?.empty)?.data;
  const placed: TimedPacket[] = [];
  let written = -1;
  for (const [i, { event, from, to }] of places.entries()) {
    for (const packet of needed(kind, packets, event.packet, written)) {
      placed.push({ start: from, data: packets[packet]!.data });
    }
    written = event.packet;
    const next = places[i + 1]?.from ?? Infinity;
    if (!clear || next <= to) continue;
    placed.push({ start: to, data: clear });
    // After an empty screen nothing can be built upon.
    written = -1;
  }
  return placed;
}

/** The packets that a composition builds on, those that were written left out, and itself. */
function needed(kind: Kind, packets: readonly SubtitlePacket[], packet: number, written: number): number[] {
  let first = packet;
  while (first > 0 && first - 1 !== written && kind.composition(packets[first]!.data)?.alone === false) first--;
  return Array.from({ length: packet - first + 1 }, (_, i) => first + i);
}

function ms(seconds: number): number {
  return Math.max(0, Math.round(seconds * 1000));
}

/** Units of the times in a VobSub picture, in seconds. */
const SPU_UNIT = 1024 / 90_000;

/** Places of the control sequences in a VobSub picture: each begins with its time. */
function controls(data: Buffer): number[] {
  const places: number[] = [];
  if (data.length < 4) return places;
  for (let at = data.readUInt16BE(2); at + 4 <= data.length;) {
    places.push(at);
    const next = data.readUInt16BE(at + 2);
    if (next <= at) break;
    at = next;
  }
  return places;
}

function spuSeconds(data: Buffer): number {
  return Math.max(0, ...controls(data).map((at) => data.readUInt16BE(at) * SPU_UNIT));
}

/** A VobSub picture that shows, and goes, `scale` times as late. */
function retimedSpu(data: Buffer, scale: number): Buffer {
  const copy = Buffer.from(data);
  for (const at of controls(copy)) {
    copy.writeUInt16BE(Math.min(0xff_ff, Math.round(copy.readUInt16BE(at) * scale)), at);
  }
  return copy;
}
