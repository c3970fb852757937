/** Reading FCPXML, of ours and of others. [Note: FCPXML] in fcpxml-write.ts. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { CurveKey } from '../../../contract/jobs.ts';
import type { Rational } from '../../../contract/time.ts';
import { parseJson } from '../../base/json.ts';
import { wholeKeys } from '../../sequence/edits.ts';
import { timelineClipSchema } from '../../sequence/schemas.ts';
import { inverse, toNumber } from '../../time/rational.ts';
import { framesIn, minus, parseTime } from './fcp-time.ts';
import { mapMark, METADATA_KEY, type TimePoint } from './fcpxml-write.ts';
import {
  badProject,
  cleanName,
  clipExtrasSchema,
  countRecords,
  CUT_NAME,
  markerColour,
  type ForeignClip,
  type ForeignMarker,
  type ForeignMedia,
  type ForeignSequence,
} from './foreign.ts';
import { parseXml, type XmlElement } from './xml.ts';

const ZERO: Rational = { num: 0, den: 1 };
const ownSchema = z.object({
  mark: z.string(),
  keys: timelineClipSchema.shape.keys,
  first: timelineClipSchema.shape.first,
  extras: clipExtrasSchema,
});

interface Asset {
  readonly media: ForeignMedia;
  readonly start: Rational;
}

interface Reading {
  readonly rate: Rational;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly clips: ForeignClip[];
  readonly markers: ForeignMarker[];
  readonly notes: Set<string>;
}

/** The first sequence of the file. Throws bad-project where there is none, or it cannot be read. */
export function readFcpxml(text: string): ForeignSequence {
  const root = parseXml(text);
  if (root.name !== 'fcpxml') throw badProject('It is no FCPXML.');
  const resources = root.children.find((child) => child.name === 'resources');
  const formats = new Map(childrenOf(resources, 'format').map((one) => [one.attributes.get('id') ?? '', one]));
  const assets = new Map(childrenOf(resources, 'asset').map((one) => [one.attributes.get('id') ?? '', assetOf(one)]));
  const sequences = [...findAll(root, 'sequence')];
  const sequence = sequences[0];
  if (!sequence) throw badProject('It has no sequence.');
  const notes = new Set<string>();
  if (sequences.length > 1) notes.add(`The file has ${sequences.length} sequences; the first was read.`);
  const format = formats.get(sequence.attributes.get('format') ?? '');
  const duration = parseTime(format?.attributes.get('frameDuration'));
  if (!duration || duration.num <= 0) throw badProject('Its sequence does not say its frame rate.');
  const rate = inverse(duration);
  if (toNumber(rate) < 1 || toNumber(rate) > 1000) throw badProject('Its frame rate is not from 1 to 1000.');
  const reading: Reading = { rate, assets, clips: [], markers: [], notes };
  const spine = sequence.children.find((child) => child.name === 'spine');
  if (spine) readSpine(spine, parseTime(sequence.attributes.get('tcStart')) ?? ZERO, reading);
  const project = [...findAll(root, 'project')][0];
  return {
    name: cleanName(project?.attributes.get('name') ?? ''),
    ...{
      rate,
      rateKnown: true,
      size: sizeOf(format),
      clips: reading.clips,
      markers: reading.markers,
      notes: [...notes],
    },
  };
}

function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

function* findAll(element: XmlElement, name: string): Generator<XmlElement> {
  if (element.name === name) yield element;
  else for (const child of element.children) yield* findAll(child, name);
}

function sizeOf(format: XmlElement | undefined): { width: number; height: number } | undefined {
  const [width, height] = ['width', 'height'].map((name) => Number(format?.attributes.get(name)));
  return width! >= 16 && width! <= 8192 && height! >= 16 && height! <= 8192
    ? { width: 2 * Math.round(width! / 2), height: 2 * Math.round(height! / 2) }
    : undefined;
}

function assetOf(element: XmlElement): Asset {
  const rep = childrenOf(element, 'media-rep')[0];
  const place = placeOf(rep?.attributes.get('src') ?? element.attributes.get('src'));
  const file = (place.path ?? place.relative)?.split(/[\\/]/).at(-1);
  const name = cleanName(file ?? element.attributes.get('name') ?? '');
  return { media: { name, ...place }, start: parseTime(element.attributes.get('start')) ?? ZERO };
}

/** The path of a file on this machine, or one from the project file's folder; nothing for any other address. */
function placeOf(src: string | undefined): Pick<ForeignMedia, 'path' | 'relative'> {
  if (src === undefined || src === '' || src.includes('\0')) return {};
  try {
    if (src.startsWith('file:')) {
      const path = fileURLToPath(src.replace(/^file:\/\/localhost\//, 'file:///'));
      return path.includes('\0') ? {} : { path };
    }
    const relative = decodeURIComponent(src);
    return /^[a-z][a-z0-9+.-]*:|^[\\/]/i.test(src) || relative.includes('\0') ? {} : { relative };
  } catch {
    return {};
  }
}

function readSpine(spine: XmlElement, tcStart: Rational, reading: Reading): void {
  let next = 0;
  for (const item of spine.children) {
    const offset = parseTime(item.attributes.get('offset'));
    const start = offset ? framesIn(minus(offset, tcStart), reading.rate) : next;
    const length = parseTime(item.attributes.get('duration'));
    if (item.name === 'transition') reading.notes.add('Transitions were read as cuts.');
    if (item.name === 'transition' || !length) continue;
    const frames = framesIn(length, reading.rate);
    if (start < next || frames < 1) {
      reading.notes.add('Clips that overlap others were left out; there is one video track.');
      continue;
    }
    readItem(item, start, frames, reading);
    countRecords(reading.clips.length + reading.markers.length);
    next = start + frames;
  }
}

function readItem(item: XmlElement, start: number, frames: number, reading: Reading): void {
  const local = parseTime(item.attributes.get('start'));
  const source = item.name === 'gap' ? undefined : sourceOf(item, reading);
  const mapped = parseTime(childrenOf(childrenOf(item, 'timeMap')[0], 'timept')[0]?.attributes.get('time'));
  const zero = local ?? mapped ?? source?.asset.start ?? ZERO;
  if (source) {
    const name = cleanName(item.attributes.get('name') ?? source.asset.media.name);
    const retime = retimeOf(item, { zero, asset: source.asset, shift: source.shift, frames }, reading);
    reading.clips.push({ name, media: source.asset.media, byTimecode: false, start, frames, ...retime });
  } else if (item.name !== 'gap') {
    reading.notes.add(`Items of the kind '${item.name.slice(0, 40)}' were left out.`);
  }
  if (item.children.some((child) => child.attributes.has('lane'))) {
    reading.notes.add('Clips connected to others were left out; there is one video track.');
  }
  const inner = item.children
    .filter(({ name }) => name === 'video' || name === 'asset-clip')
    .flatMap((one) => one.children);
  for (const child of [...item.children, ...(item.name === 'clip' ? inner : [])])
    readMark(child, { start, zero, frames }, reading);
}

/** The media of a clip: its own, or that of the video inside it, whose times are then shifted. */
function sourceOf(item: XmlElement, { assets }: Reading): { asset: Asset; shift: Rational } | undefined {
  if (item.name === 'asset-clip' || item.name === 'video') {
    const asset = assets.get(item.attributes.get('ref') ?? '');
    return asset && { asset, shift: ZERO };
  }
  if (item.name !== 'clip') return undefined;
  const video = item.children.find((child) => child.name === 'video' || child.name === 'asset-clip');
  const asset = assets.get(video?.attributes.get('ref') ?? '');
  if (!video || !asset) return undefined;
  const [offset, start] = ['offset', 'start'].map((name) => parseTime(video.attributes.get(name)));
  return { asset, shift: minus(offset ?? ZERO, start ?? asset.start) };
}

interface ItemTimes {
  readonly zero: Rational;
  readonly asset: Asset;
  /** Media time = clip time - shift. */
  readonly shift: Rational;
  readonly frames: number;
}

function retimeOf(item: XmlElement, times: ItemTimes, reading: Reading): Pick<ForeignClip, 'retime' | 'extras'> {
  const timeMap = item.children.find((child) => child.name === 'timeMap');
  const points = childrenOf(timeMap, 'timept').map((point): TimePoint => {
    const [time = '', value = '', interp = 'smooth2'] = ['time', 'value', 'interp'].map((name) =>
      point.attributes.get(name),
    );
    return { time, value, interp };
  });
  countRecords(points.length);
  const md = [...findAll(item, 'md')].find((one) => one.attributes.get('key') === METADATA_KEY);
  const own = parseJson(ownSchema, md?.attributes.get('value') ?? '');
  const extras = own?.extras;
  const toMedia = (time: Rational) => minus(minus(time, times.shift), times.asset.start);
  if (points.length < 2) {
    return { retime: { kind: 'constant', from: Math.max(0, toNumber(toMedia(times.zero))), speed: 1 }, extras };
  }
  const origin = parseTime(points[0]!.time);
  if (!origin) throw badProject('It has a timeMap whose points have no time.');
  const first = Math.max(0, framesIn(minus(times.zero, origin), reading.rate));
  // Ours, and nobody has changed the retime since: then it is known exactly.
  if (own && own.mark === mapMark(points)) return { retime: { kind: 'keys', keys: own.keys, first }, extras };
  return { retime: { kind: 'keys', keys: keysOf(points, origin, toMedia, reading), first }, extras };
}

function keysOf(
  points: readonly TimePoint[],
  origin: Rational,
  toMedia: (time: Rational) => Rational,
  { rate, notes }: Reading,
): CurveKey[] {
  let last = -Infinity;
  const keys: CurveKey[] = [];
  for (const { time, value, interp } of points) {
    const output = toNumber(minus(parseTime(time)!, origin));
    const source = toNumber(toMedia(parseTime(value)!));
    if (output <= last) throw badProject('It has a timeMap whose points are not one after another.');
    if (source < -1e-6) notes.add('A retime that begins before its media was moved to its start.');
    keys.push({ output, source: Math.max(0, source), ease: interp.startsWith('smooth') ? 'smooth' : 'linear' });
    last = output;
  }
  return wholeKeys(keys, rate);
}

function readMark(
  child: XmlElement,
  { start, zero, frames }: { start: number; zero: Rational; frames: number },
  { rate, markers, notes }: Reading,
): void {
  const keyword = child.name === 'keyword';
  if (!keyword && child.name !== 'marker' && child.name !== 'chapter-marker') return;
  const note = child.attributes.get('note') ?? '';
  // Tags of the media itself, not a place in the sequence.
  if (keyword && note === 'tag') return;
  const at = framesIn(minus(parseTime(child.attributes.get('start')) ?? zero, zero), rate);
  if (at < 0 || at >= frames) {
    notes.add('Markers outside what is shown of their clip were left out.');
    return;
  }
  const length = parseTime(child.attributes.get('duration'));
  markers.push({
    frame: start + at,
    frames: keyword && length ? Math.max(1, framesIn(length, rate)) : 1,
    name: cleanName(child.attributes.get('value') ?? ''),
    colour: markerColour(/^colour=(\w+)$/.exec(note)?.[1] ?? (keyword ? 'purple' : 'blue')),
    cut: child.attributes.get('value') === CUT_NAME,
  });
}
