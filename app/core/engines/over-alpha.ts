/**
 * Frames with transparency between two. [Note: alpha]
 *
 * Colours under what is transparent mean nothing: mixed into the edge of what moves they are a dark halo. So engines are given colours multiplied by alpha, in 16 bits, and
 * what they make is divided again by the alpha they made. Those that work on any plane move both as one; networks see colours alone, and are asked a second time,
 * with alpha as a grey picture, whose outlines are those of the colours.
 */
import type { ColourInfo } from '../../contract/media.ts';
import type { Frame, PixelFormat, Plane, Samples } from '../media/frame.ts';
import { pixelFormat } from '../media/pixel-format.ts';
import { requireAlike } from './engine.ts';
import type { Between, BetweenOptions, EngineEntry, Interpolator } from './engine.ts';

const TOP = 65_535;

const transparent = new WeakMap<Frame, boolean>();

/** Whether anything of a frame is transparent. */
function isTransparent(frame: Frame): boolean {
  const known = transparent.get(frame);
  if (known !== undefined) return known;
  const { planes, bits } = frame.format;
  const at = planes.findIndex(({ channel }) => channel === 'a');
  const found = at >= 0 && frame.planes[at]!.data.some((value) => value < 2 ** bits - 1);
  transparent.set(frame, found);
  return found;
}

/** An engine whose frames keep their transparency ([Note: alpha]); other frames are its own affair. */
export function withAlpha(entry: EngineEntry): EngineEntry {
  return {
    ...entry,
    async open(setup) {
      const engine = await entry.open(setup);
      const { colour = {} } = setup;
      return {
        device: engine.device,
        get spent() {
          return engine.spent;
        },
        between: (a, b, timesteps, options) =>
          isTransparent(a) || isTransparent(b)
            ? betweenWithAlpha(engine, [a, b], timesteps, { ...options, colour, network: entry.network === true })
            : engine.between(a, b, timesteps, options),
        [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
      };
    },
  };
}

async function* betweenWithAlpha(
  engine: Interpolator,
  [a, b]: readonly [Frame, Frame],
  timesteps: readonly number[],
  { colour, network, ...options }: BetweenOptions & { readonly colour: ColourInfo; readonly network: boolean },
): AsyncGenerator<Between, void, undefined> {
  requireAlike(a, b);
  const [first, second] = [multiplied(a, colour), multiplied(b, colour)];
  const moved: Samples[] = [];
  if (network) {
    const pictures = engine.between(alphaOf(first, colour), alphaOf(second, colour), timesteps, options);
    for await (const { frame } of pictures) moved.push(ofPicture(frame.planes[0]!.data, colour));
  }
  let n = 0;
  for await (const { frame, confidence } of engine.between(first, second, timesteps, options)) {
    const alpha = moved[n++] ?? frame.planes.at(-1)!.data;
    yield { frame: divided(frame, alpha, a.format, colour), confidence };
  }
}

/** What a code of a plane is that says nothing: black, or no colour. */
function zeroOf(channel: string, colour: ColourInfo, bits: number): number {
  if (channel === 'u' || channel === 'v') return 2 ** (bits - 1);
  return channel === 'y' && colour.range !== 'full' ? 16 * 2 ** (bits - 8) : 0;
}

const deep = new Map<string, PixelFormat>();

/** The same layout in 16 bits. */
function deepened({ name }: PixelFormat): PixelFormat {
  const found = deep.get(name) ?? pixelFormat(`${name.replace(/\d+le$/, '')}16le`);
  deep.set(name, found);
  return found;
}

const kept = new WeakMap<Frame, Frame>();

/** One for each frame as long as it is held: engines know a picture again by its object. */
function multiplied(frame: Frame, colour: ColourInfo): Frame {
  const known = kept.get(frame);
  if (known) return known;
  const { format } = frame;
  const up = 16 - format.bits;
  const last = frame.planes.at(-1)!;
  const alpha = Uint16Array.from(last.data, (value) => Math.round((value * TOP) / (2 ** format.bits - 1)));
  const planes = frame.planes.map((plane, p): Plane => {
    const layout = format.planes[p]!;
    if (layout.channel === 'a') return { ...plane, data: alpha };
    const zero = zeroOf(layout.channel, colour, 16);
    const shares = coverage(alpha, last, plane);
    const data = new Uint16Array(plane.data.length);
    for (let i = 0; i < data.length; i++) data[i] = zero + shares[i]! * (plane.data[i]! * 2 ** up - zero) + 0.5;
    return { ...plane, data };
  });
  const made = { ...frame, format: deepened(format), planes };
  kept.set(frame, made);
  return made;
}

const alphas = new WeakMap<Frame, Frame>();
/** What networks leave between nothing and this, and as far from opaque, is nothing and opaque. */
const SURE = 0.03;

/** Code of black, and from there to white, of grey of 16 bits. */
function greys({ range }: ColourInfo): readonly [black: number, span: number] {
  return range === 'full' ? [0, TOP] : [16 * 256, 219 * 256];
}

/** The alpha of a frame of 16 bits as a grey picture of the engine's range. */
function alphaOf(frame: Frame, colour: ColourInfo): Frame {
  const known = alphas.get(frame);
  if (known) return known;
  const [black, span] = greys(colour);
  const plane = frame.planes.at(-1)!;
  const data = Uint16Array.from(plane.data, (value) => Math.round(black + (value * span) / TOP));
  const made = { ...frame, format: pixelFormat('gray16le'), planes: [{ ...plane, data }] };
  alphas.set(frame, made);
  return made;
}

function ofPicture(data: Samples, colour: ColourInfo): Samples {
  const [black, span] = greys(colour);
  return Uint16Array.from(data, (code) => {
    const share = (code - black) / span;
    return share <= SURE ? 0 : share >= 1 - SURE ? TOP : Math.round(share * TOP);
  });
}

/** 0..1 of alpha, averaged over what each sample of `plane` covers. */
function coverage(alpha: Samples, { width, height }: Plane, plane: Plane): Float32Array {
  const shares = new Float32Array(plane.data.length);
  const [stepX, stepY] = [Math.ceil(width / plane.width), Math.ceil(height / plane.height)];
  for (let y = 0, i = 0; y < plane.height; y++) {
    for (let x = 0; x < plane.width; x++, i++) {
      let [sum, count] = [0, 0];
      for (let v = y * stepY; v < Math.min(height, (y + 1) * stepY); v++)
        for (let u = x * stepX; u < Math.min(width, (x + 1) * stepX); u++, count++) sum += alpha[v * width + u]!;
      shares[i] = sum / Math.max(1, count) / TOP;
    }
  }
  return shares;
}

/** Less than this of alpha (one code of 10 bits) has no colour to speak of. */
const NOTHING = 1 / 1023;

function divided(frame: Frame, alpha: Samples, format: PixelFormat, colour: ColourInfo): Frame {
  const { bits } = format;
  const [down, top] = [2 ** (16 - bits), 2 ** bits - 1];
  const last = { ...frame.planes.at(-1)!, data: alpha };
  const planes = frame.planes.map((plane, p): Plane => {
    const { channel } = format.planes[p]!;
    const data = format.bytesPerSample === 1 ? new Uint8Array(plane.data.length) : new Uint16Array(plane.data.length);
    if (channel === 'a') {
      for (let i = 0; i < data.length; i++) data[i] = Math.round((alpha[i]! * top) / TOP);
      return { ...plane, data };
    }
    const zero = zeroOf(channel, colour, 16);
    const shares = coverage(alpha, last, plane);
    for (let i = 0; i < data.length; i++) {
      const share = shares[i]!;
      const value = share < NOTHING ? zero : zero + (plane.data[i]! - zero) / share;
      data[i] = Math.min(top, Math.max(0, Math.round(value / down)));
    }
    return { ...plane, data };
  });
  return { ...frame, format, planes };
}
