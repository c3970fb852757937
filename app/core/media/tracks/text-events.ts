/** Subtitles that are text, as events: read from packets or cues, led through the map, and written again. */
import type { Shown } from './inverse.ts';
import { retimeAssText } from './ass-text.ts';
import type { SubtitlePackets } from './packets-in.ts';
import type { TimedPacket } from './packets-out.ts';

export interface TextEvent {
  /** Seconds from the source's first frame. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** ASS: 'Layer,Style,Name,MarginL,MarginR,MarginV,Effect', what is before the text. */
  readonly style?: string;
}

/** An event of the output. Milliseconds. */
export interface PlacedText {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly style?: string;
}

/** Events of packets. `origin` is the first frame on the file's clock, in seconds. What ends before it begins is counted in `wrong`. */
export function textEvents(
  codec: 'ass' | 'subrip',
  { packets }: SubtitlePackets,
  origin: number,
): { events: TextEvent[]; wrong: number } {
  const events: TextEvent[] = [];
  let wrong = 0;
  for (const { start: pts, duration, data } of packets) {
    const line = data.toString('utf8').replaceAll('\0', '');
    const fields = codec === 'ass' ? /^-?\d*,((?:[^,]*,){6}[^,]*),([\s\S]*)$/.exec(line) : undefined;
    const start = pts - origin;
    if (!(duration > 0) || (codec === 'ass' && !fields)) wrong++;
    else if (fields) events.push({ start, end: start + duration, text: fields[2]!, style: fields[1]! });
    else events.push({ start, end: start + duration, text: line });
  }
  return { events, wrong };
}

/** The events where they are shown, in order; what is shown for less than a millisecond is not. */
export function placeText(events: readonly TextEvent[], shown: readonly (readonly Shown[])[]): PlacedText[] {
  const placed: PlacedText[] = [];
  for (const [i, event] of events.entries()) {
    for (const span of shown[i]!) {
      const [start, end] = [Math.max(0, Math.round(span.from * 1000)), Math.round(span.to * 1000)];
      if (end <= start) continue;
      const inner = (ms: number): number => span.at(event.start + ms / 1000) * 1000 - start;
      const lasted = (event.end - event.start) * 1000;
      const text = event.style === undefined ? event.text : retimeAssText(event.text, inner, lasted, end - start);
      placed.push({ start, end, text, ...(event.style !== undefined && { style: event.style }) });
    }
  }
  return placed.toSorted((a, b) => a.start - b.start || a.end - b.end);
}

/** Texts shown at a time, the latest: more are a hostile file. */
const AT_ONCE = 20;

/** The same without overlaps, for formats that show one text at a time: what overlaps is put together, line under line. */
export function flattened(placed: readonly PlacedText[]): PlacedText[] {
  const edges = [...new Set(placed.flatMap(({ start, end }) => [start, end]))].toSorted((a, b) => a - b);
  const flat: PlacedText[] = [];
  let active: PlacedText[] = [];
  let next = 0;
  for (const [i, start] of edges.entries()) {
    active = active.filter(({ end }) => end > start);
    while (next < placed.length && placed[next]!.start <= start) active.push(placed[next++]!);
    if (active.length > AT_ONCE) active = active.slice(-AT_ONCE);
    const end = edges[i + 1];
    const [first] = active;
    if (end === undefined || first === undefined) continue;
    const text = active.map((one) => one.text).join(first.style === undefined ? '\n' : String.raw`\N`);
    const last = flat.at(-1);
    if (last && last.end === start && last.text === text) flat[flat.length - 1] = { ...last, end };
    else flat.push({ ...first, start, end, text });
  }
  return flat;
}

/** Matroska's packets of them. */
export function textPackets(placed: readonly PlacedText[]): TimedPacket[] {
  return placed.map(({ start, end, text, style }, i) => ({
    start,
    end,
    data: Buffer.from(style === undefined ? text : `${i},${style},${text}`),
  }));
}
