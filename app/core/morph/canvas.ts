/**
 * What all frames of a morph have in common: size, format, colour.
 *
 * [Note: canvas] Where all keyframes are alike and of the film's size their planes are what engines and encoders get, as everywhere ([Note: native planes]): frames
 * of footage stay YUV at their own depth. Otherwise everything is RGB, of 8 bits or, where any keyframe has more, of 16; transparency is kept where
 * any has it and the output holds it, and is shown on black where it does not.
 */
import { basename } from 'node:path';
import type { ColourInfo, VideoInfo } from '../../contract/media.ts';
import type { MorphKeyframe, MorphSpec } from '../../contract/morph.ts';
import type { Rational } from '../../contract/time.ts';
import type { Frame, PixelFormat } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import type { Still } from '../media/stills.ts';
import { hasAlpha } from './alpha.ts';
import { bled } from './bleed.ts';
import { aspectOf, fitStill, placing } from './fit.ts';
import type { KeyframeFacts } from './keyframes.ts';

export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly format: PixelFormat;
  readonly sampleAspect: Rational;
  readonly colour: ColourInfo;
  /** The keyframes' own planes. */
  readonly native: boolean;
  readonly fit: MorphSpec['fit'];
  /** As an output plan asks for it. */
  readonly info: VideoInfo;
}

const SQUARE: Rational = { num: 1, den: 1 };

/** [Note: canvas]. `alpha`: whether the output holds transparency. `facts` of all keyframes, one at least. */
export function canvasOf(
  facts: readonly KeyframeFacts[],
  { size, fit }: Pick<MorphSpec, 'size' | 'fit'>,
  alpha: boolean,
): Canvas {
  const first = facts[0]!;
  const { video } = first.info;
  const { width, height } = size ?? first;
  const sampleAspect = size ? SQUARE : video.sampleAspect;
  const transparent = facts.some(({ format }) => hasAlpha(format));
  const native = !transparent && facts.every((one) => isLike(one, first, { width, height }));
  const deep = facts.some(({ format }) => format.bits > 8);
  const rgb = pixelFormat(`${transparent && alpha ? 'gbrap' : 'gbrp'}${deep ? '16le' : ''}`);
  const format = native ? first.format : rgb;
  const colour = native ? video.colour : commonColour(facts);
  const { hdr, ...plain } = video;
  const info: VideoInfo = {
    ...first.info,
    audio: [],
    other: [],
    chapters: 0,
    video: {
      ...plain,
      ...(native && hdr && { hdr }),
      ...{ width, height, codedWidth: width, codedHeight: height, rotation: 0, mirrored: false },
      ...{ sampleAspect, colour, pixelFormat: format.name, bitDepth: format.bits, hasAlpha: hasAlpha(format) },
    },
  };
  return { width, height, format, sampleAspect, colour, native, fit, info };
}

/** Whether a keyframe's planes are the film's: of one format, which means the same, at the film's size. */
function isLike(one: KeyframeFacts, first: KeyframeFacts, size: { width: number; height: number }): boolean {
  const [a, b] = [one.info.video, first.info.video];
  const yuv = one.format.planes[0]!.channel === 'y';
  const sameCodes = !yuv || (a.colour.range === b.colour.range && a.colour.matrix === b.colour.matrix);
  return (
    one.format.name === first.format.name &&
    one.width === size.width &&
    one.height === size.height &&
    Math.abs(aspectOf(a.sampleAspect) - aspectOf(b.sampleAspect)) < 1e-6 &&
    sameCodes
  );
}

/** Of RGB: primaries and transfer where all that say theirs say the same. */
function commonColour(facts: readonly KeyframeFacts[]): ColourInfo {
  const only = (key: 'primaries' | 'transfer'): string | undefined => {
    const said = new Set(facts.flatMap(({ info }) => info.video.colour[key] ?? []));
    return said.size === 1 ? [...said][0] : undefined;
  };
  const [primaries, transfer] = [only('primaries'), only('transfer')];
  return { range: 'full', ...(primaries && { primaries }), ...(transfer && { transfer }) };
}

/** A keyframe's picture as a frame of the film. */
export function ontoCanvas(still: Still, canvas: Canvas): Frame {
  if (canvas.native) return still.frame;
  const { width, height, format, fit, sampleAspect } = canvas;
  const bits = format.bits > 8 ? 16 : 8;
  const alpha = hasAlpha(format);
  const { frame } = fitStill(still, { width, height, fit, sampleAspect, bits, alpha });
  return alpha ? bled(frame) : frame;
}

/** Keyframes that are named in notes; of the others it is said how many there are. */
const NAMED = 3;

/** What a user should know of how keyframes are made to fit. One sentence each. */
export function canvasNotes(
  keyframes: readonly Pick<MorphKeyframe, 'path'>[],
  facts: readonly KeyframeFacts[],
  canvas: Canvas,
): string[] {
  const notes: string[] = [];
  const { width, height, fit } = canvas;
  const done = { crop: 'cropped', pad: 'framed', stretch: 'stretched' }[fit];
  const changed = new Set<string>();
  for (const [i, one] of facts.entries()) {
    const aspect = aspectOf(one.info.video.sampleAspect) / aspectOf(canvas.sampleAspect);
    if (one.width === width && one.height === height && Math.abs(aspect - 1) < 1e-6) continue;
    const { part, to } = placing(one, aspect, canvas);
    const cut = part.width !== one.width || part.height !== one.height || to.width !== width || to.height !== height;
    const how = cut || (fit === 'stretch' && bent(one, aspect, canvas)) ? done : 'scaled';
    changed.add(`${basename(keyframes[i]!.path)} is ${one.width}x${one.height} and is ${how} to ${width}x${height}.`);
  }
  notes.push(...[...changed].slice(0, NAMED));
  if (changed.size > NAMED) {
    const others = changed.size - NAMED;
    notes.push(`${others} more still${others === 1 ? ' is' : 's are'} made to fit ${width}x${height}.`);
  }
  for (const key of ['transfer', 'primaries'] as const) {
    const said = new Set(facts.flatMap(({ info }) => info.video.colour[key] ?? []));
    if (said.size < 2) continue;
    notes.push(
      `The stills differ in ${key} (${[...said].join(', ')}): values are not converted, so colours may look different.`,
    );
  }
  return notes;
}

function bent(size: { width: number; height: number }, aspect: number, canvas: Canvas): boolean {
  return Math.abs((size.width * aspect * canvas.height) / (size.height * canvas.width) - 1) > 0.005;
}
