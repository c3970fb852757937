/** What an output will be: container, encoder, pixel format, tags and sound, decided before anything runs. [Note: output plan] */
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { CODECS } from '../../contract/jobs.ts';
import type { Codec } from '../../contract/jobs.ts';
import type { ColourInfo, VideoInfo, VideoStreamInfo } from '../../contract/media.ts';
import type { Rational } from '../../contract/time.ts';
import { compare, rational, standardRate } from '../time/rational.ts';
import { encoderTrial } from './capabilities.ts';
import type { Capabilities } from './capabilities.ts';
import { FINEST_TIMESCALE } from './chunk-timing.ts';
import type { Timing } from './chunk-timing.ts';
import { masteringOf } from './colour.ts';
import { audioFor, containerFor, CONTAINERS } from './containers.ts';
import type { AudioPlan, Container } from './containers.ts';
import { encoderFormats, ENCODERS } from './encoders.ts';
import type { EncoderSpec, HdrLight, VideoCodec } from './encoders.ts';
import { fitInto } from './fit.ts';
import { sizeRefusal } from './size-trial.ts';
import type { Fit, FitRequest } from './fit.ts';
import type { PixelFormat } from './frame.ts';
import { PIXEL_FORMATS } from './pixel-format.ts';
import type { RawInput } from './raw-layout.ts';

export interface OutputRequest {
  readonly info: VideoInfo;
  /** Format and size of the frames that will be written. */
  readonly carrier: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly path: string;
  readonly codec: Codec;
  /** False when the user left the codec open: then another that holds the source better may be taken. Default true. */
  readonly codecChosen?: boolean;
  /** The codec's own measure; see `EncoderSpec.quality`. */
  readonly quality?: number;
  /** Constant rate; 'vfr' takes `timeBase` (default: the source's). */
  readonly rate: Rational | 'vfr';
  readonly timeBase?: Rational;
  /** There will be sound. Default true. */
  readonly sound?: boolean;
}

/** Plain data. Everything that shapes an encoded chunk is in `chunkRecipe(plan)`. */
export interface OutputPlan extends Timing {
  readonly path: string;
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly encoder: string;
  readonly encoderArgs: readonly string[];
  readonly quality: number;
  /** Frames as given: format and size. */
  readonly carrier: PixelFormat;
  readonly frameWidth: number;
  readonly frameHeight: number;
  /** What the encoder is fed; its size is that of the written picture. */
  readonly input: RawInput;
  readonly filters: readonly string[];
  readonly pixelFormat: string;
  /** Pixel formats the written file may probe as. */
  readonly readsAs: readonly string[];
  readonly fed: ColourInfo;
  readonly colour: ColourInfo;
  readonly sampleAspect: Rational;
  readonly audio?: AudioPlan;
  /** Container of the chunk files: all keep exact time bases ([Note: alpha in chunks]). */
  readonly chunkMuxer: 'mp4' | 'mov' | 'webm';
  /** Reads the written file with its transparency, where ffmpeg's own choice would leave it out. */
  readonly decoder?: VideoStreamInfo['decoder'];
  /** How packets get their times ([Note: chunk timing]). */
  readonly retime: 'setts' | 'setpts';
  readonly passthrough: readonly string[];
  /** The ffmpeg that encodes; another may encode otherwise. */
  readonly ffmpegVersion: string;
  /** What a user should know. One sentence each. */
  readonly notes: readonly string[];
}

/**
 * Plans an output. Throws output-format (the name's ending, or a codec it cannot hold), encoder-missing, encoder-cannot (the codec
 * cannot hold the depth or chroma; the message names what can) and usage (quality out of range).
 */
export async function planOutput(request: OutputRequest, capabilities: Capabilities): Promise<OutputPlan> {
  const container = containerFor(request.path);
  const chosen = request.codecChosen !== false && !container.images;
  if (chosen && !container.codecs.includes(request.codec)) throw cannotHold(container, request.codec);
  const codecs = chosen ? [request.codec] : container.codecs;
  const { spec, fit } = await firstThatFits(codecs, request, capabilities);
  const { bits = 8, planes = [] } = PIXEL_FORMATS.get(fit.pixelFormat) ?? {};
  const alpha = planes.some(({ channel }) => channel === 'a');
  const layered = alpha && spec.codec === 'vp9';
  const timing = timingOf(request, capabilities.bsfs.has('setts') ? spec.reorder : 0);
  const retime = capabilities.bsfs.has('setts') ? 'setts' : 'setpts';
  const hdr = hdrOf(request.info);
  const audio = request.sound === false ? undefined : audioFor(container, spec.codec, capabilities);
  return {
    path: request.path,
    container,
    codec: spec.codec,
    encoder: spec.name,
    encoderArgs: spec.args(checkedQuality(spec, fit.quality), {
      hdr,
      fullRange: fit.colour.range === 'full',
      bFrames: retime === 'setts' ? 3 : 0,
      width: fit.input.width,
      height: fit.input.height,
      bits,
      alpha,
    }),
    quality: fit.quality,
    carrier: request.carrier,
    frameWidth: request.width,
    frameHeight: request.height,
    input: fit.input,
    filters: fit.filters,
    pixelFormat: fit.pixelFormat,
    readsAs: fit.readsAs,
    fed: fit.fed,
    colour: fit.colour,
    sampleAspect: request.info.video.sampleAspect,
    ...(audio ? { audio } : {}),
    chunkMuxer: layered ? 'webm' : ['h264', 'hevc', 'av1', 'vp9'].includes(spec.codec) ? 'mp4' : 'mov',
    ...(layered ? { decoder: LAYER_DECODER, stamped: 1000 } : {}),
    retime,
    passthrough: capabilities.passthrough,
    ffmpegVersion: capabilities.build.version,
    ...timing,
    notes: [
      ...insteadNotes(request, container, spec),
      ...fit.notes,
      ...lossNotes(request, container, spec, hdr),
      ...(retime === 'setpts' && request.rate === 'vfr' && !container.images ? [LAST_FRAME] : []),
    ],
  };
}

/** Everything that determines a chunk's bytes but its frames and their times, as a string to hash. */
export function chunkRecipe(plan: OutputPlan): string {
  const { path: _, container, audio: __, notes: ___, passthrough: ____, readsAs: _____, ...rest } = plan;
  // Frames with alpha are made in another way than they once were ([Note: alpha]).
  const alpha = rest.carrier.planes.some(({ channel }) => channel === 'a') ? { alpha: 1 } : {};
  return JSON.stringify({ ...rest, ...alpha, images: container.images });
}

async function firstThatFits(
  codecs: readonly VideoCodec[],
  request: OutputRequest,
  capabilities: Capabilities,
): Promise<{ spec: EncoderSpec; fit: Fit }> {
  const candidates: { spec: EncoderSpec; fit: Fit }[] = [];
  let refusal: string | undefined;
  for (const codec of codecs) {
    for (const spec of ENCODERS.filter((one) => one.codec === codec)) {
      const fit = fitInto(
        spec,
        await encoderFormats(spec.name, capabilities),
        fitRequest(request, codec, capabilities),
      );
      if (!fit || !(await encoderTrial(spec.name, capabilities.build)).works) continue;
      // After one that must make an odd side even another codec is only taken for keeping the size, and not if it takes ten times the room.
      const [before] = candidates;
      if (before && !(keepsSize(fit, request) && (spec.codec === before.spec.codec || PLAYED.has(spec.codec))))
        continue;
      const why = tooSmall(fit, request) ?? (await sizeRefusal(spec, fit, capabilities));
      if (why === undefined && keepsSize(fit, request)) return { spec, fit };
      if (why === undefined) candidates.push({ spec, fit });
      else refusal ??= why;
    }
  }
  if (candidates[0]) return candidates[0];
  const { missing, working } = await whatWorks(codecs, capabilities);
  const others = await whatCan(request, capabilities);
  const { name } = request.carrier;
  const named = codecs.join(' or ');
  if (!working) {
    throw new AppError(
      'encoder-missing',
      `This ffmpeg cannot encode ${named}: it lacks ${missing.join(' and ')}. ${others}`.trim(),
    );
  }
  if (refusal !== undefined) {
    const size = `${request.width}x${request.height}`;
    throw new AppError(
      'encoder-cannot',
      `${named} cannot hold pictures of ${size} here: ${refusal.replace(/\.$/, '')}. ${others}`.trim(),
    );
  }
  const profile =
    codecs.includes('prores') && request.quality !== undefined && request.quality < 4
      ? ' with that profile (4 and 5 hold 4:4:4)'
      : '';
  throw new AppError(
    'encoder-cannot',
    `${named} cannot hold ${name}${profile} without losing from it. ${others}`.trim(),
  );
}

/** Codecs that players play. */
const PLAYED: ReadonlySet<VideoCodec> = new Set(['h264', 'hevc', 'vp9', 'av1']);

function keepsSize({ input }: Fit, { width, height }: OutputRequest): boolean {
  return input.width === width && input.height === height;
}

/** An encoder's least size is no reason to make a picture that is mostly its own edge. */
function tooSmall({ input }: Fit, { width, height }: OutputRequest): string | undefined {
  if (input.width <= width + 1 && input.height <= height + 1) return undefined;
  return `the least it takes is ${input.width}x${input.height}.`;
}

/** Which encoders of these codecs are not there or do not work, and why; whether any does. */
async function whatWorks(
  codecs: readonly VideoCodec[],
  { build, encoders }: Capabilities,
): Promise<{ missing: string[]; working: boolean }> {
  const missing: string[] = [];
  let working = false;
  for (const { name } of ENCODERS.filter(({ codec }) => codecs.includes(codec))) {
    const trial = encoders.has(name) ? await encoderTrial(name, build) : undefined;
    if (trial?.works) working = true;
    else missing.push(trial ? `${name} (${trial.reason ?? 'it does not work'})` : name);
  }
  return { missing, working };
}

function fitRequest(request: OutputRequest, codec: VideoCodec, capabilities: Capabilities): FitRequest {
  const { filters } = capabilities;
  const { carrier, width, height, info } = request;
  // A quality is in the measure of the codec asked for; another that is fallen forward to has its own.
  const quality = request.codecChosen === false && codec !== request.codec ? undefined : request.quality;
  const { colour, hasAlpha } = info.video;
  return { carrier, width, height, colour, hasAlpha, quality, filters, noLayer: noLayer(request.path, capabilities) };
}

/**
 * VP9's transparency is a second stream within the packets, which WebM and Matroska hold and MP4 does not. [Note: alpha in chunks]
 *
 * So chunks of it are WebM. It counts milliseconds; a chunk is stamped with a millisecond for every tick, as if it took so much longer, and its times are
 * exact. Putting the film together takes them back to what they are (mux.ts), rounded once to the milliseconds of the film. (NUT keeps exact times and says it keeps
 * what lies beside packets, but what ffmpeg 5.1 reads of that has eight bytes too many.) What is written must be
 * read again with its transparency to be verified, so there must be a decoder for that as well.
 */
function noLayer(path: string, { bsfs, decoders }: Capabilities): string | undefined {
  const { name } = containerFor(path);
  if (name !== 'webm' && name !== 'mkv') return `vp9 holds it in .webm and .mkv, not in .${name}`;
  return bsfs.has('setts') && decoders.has(LAYER_DECODER) ? undefined : 'this ffmpeg cannot write that of vp9';
}

const LAYER_DECODER = 'libvpx-vp9';

/** A sentence that names the codecs and formats that hold the source. */
async function whatCan(request: OutputRequest, capabilities: Capabilities): Promise<string> {
  const can: string[] = [];
  for (const codec of CODECS) {
    for (const spec of ENCODERS.filter((one) => one.codec === codec)) {
      const formats = await encoderFormats(spec.name, capabilities);
      const fit = fitInto(spec, formats, { ...fitRequest(request, codec, capabilities), quality: undefined });
      if (!fit || tooSmall(fit, request)) continue;
      if (!(await encoderTrial(spec.name, capabilities.build)).works) continue;
      if (await sizeRefusal(spec, fit, capabilities)) continue;
      const endings = Object.values(CONTAINERS).filter((c) => c.codecs.includes(codec));
      can.push(`${codec} (${endings.map((c) => `.${c.name}`).join(', ')})`);
      break;
    }
  }
  return can.length > 0 ? `What can: ${can.join('; ')}.` : 'Numbered images (frames/%05d.png) can.';
}

function cannotHold(container: Container, codec: Codec): AppError {
  const endings = Object.values(CONTAINERS).filter((one) => one.codecs.includes(codec));
  return new AppError(
    'output-format',
    `.${container.name} does not hold ${codec}: use ${endings.map((one) => `.${one.name}`).join(' or ')}, or one of ${container.codecs.join(', ')} in .${container.name}.`,
  );
}

function checkedQuality({ codec, quality: [low, high] }: EncoderSpec, quality: number): number {
  // A lossless codec has no scale: what was asked means nothing to it, and a note says so.
  if (low === high) return quality;
  if (
    Number.isFinite(quality) &&
    quality >= low &&
    quality <= high &&
    (codec !== 'prores' || Number.isInteger(quality))
  ) {
    return quality;
  }
  throw new AppError('usage', `The quality of ${codec} is from ${low} to ${high}, not ${quality}.`);
}

const LAST_FRAME = 'This ffmpeg is too old to write how long the last frame is shown; players guess.';

/** Rates beyond this upset AV1's levels; encoders are told at most this ([Note: chunk timing]). */
const FASTEST: Rational = { num: 240, den: 1 };

function timingOf(request: OutputRequest, reorder: number): Timing {
  if (request.rate !== 'vfr') {
    const rate = rational(request.rate.num, request.rate.den);
    return {
      timeBase: rational(rate.den, rate.num),
      timescale: timescaleFor(rate.num),
      rate,
      nominalRate: compare(rate, FASTEST) > 0 ? FASTEST : rate,
      reorder,
    };
  }
  const { video } = request.info;
  const wanted = request.timeBase ?? video.timeBase;
  const timeBase = wanted.num > 0 ? rational(wanted.num, wanted.den) : { num: 1, den: 90_000 };
  const average = video.averageRate ?? video.nominalRate;
  const measured = average && average.num > 0 ? average.num / average.den : 30;
  const held = Math.min(240, Math.max(1, measured));
  return {
    timeBase,
    timescale: timescaleFor(timeBase.den),
    rate: undefined,
    nominalRate: standardRate(held, 0.02) ?? rational(Math.round(held * 1000), 1000),
    reorder,
  };
}

/** A multiple of `ticks` that is neither too coarse for MP4's edit lists nor too fine for the concatenation. */
function timescaleFor(ticks: number): number {
  if (ticks > FINEST_TIMESCALE) return FINEST_TIMESCALE;
  let scale = ticks;
  while (scale < 10_000) scale *= 2;
  return scale;
}

function hdrOf({ video }: VideoInfo): HdrLight {
  const mastering = masteringOf(video.hdr);
  const light = video.hdr?.contentLight;
  return { ...(mastering ? { mastering } : {}), ...(light ? { light } : {}) };
}

function insteadNotes(request: OutputRequest, container: Container, spec: EncoderSpec): string[] {
  if (container.images || spec.codec === request.codec) return [];
  if (!container.codecs.includes(request.codec)) return [];
  const { carrier, width, height } = request;
  const odd = PLAYED.has(spec.codec) && (width % 2 === 1 || height % 2 === 1);
  return [
    `${spec.codec} is used: ${request.codec} cannot hold ${odd ? `${width}x${height} in ` : ''}${carrier.name} here.`,
  ];
}

/** What the output cannot say that the source did. */
function lossNotes(request: OutputRequest, container: Container, spec: EncoderSpec, hdr: HdrLight): string[] {
  const notes: string[] = [];
  const { path, quality, sound } = request;
  if (!spec.hdr && (hdr.mastering || hdr.light)) {
    notes.push(
      `HDR10 mastering and light levels are not kept: ${spec.codec} has no place for them here; hevc and av1 do.`,
    );
  }
  const located = request.info.video.colour.chromaLocation;
  if (spec.name === 'libaom-av1' && container.name === 'mp4' && located && /420/.test(request.carrier.name)) {
    notes.push(`Where chroma lies (${located}) is not said in .mp4 by libaom; .mkv and .webm say it.`);
  }
  if (container.images && sound !== false) notes.push('Numbered images have no sound.');
  if (container.images)
    notes.push(`Numbered images (${basename(path)}) do not say their rate: give it when reading them.`);
  if (quality !== undefined && spec.quality[0] === spec.quality[1]) {
    notes.push(`${spec.codec} is lossless: the quality asked for has no meaning and is ignored.`);
  }
  return notes;
}
