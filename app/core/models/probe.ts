/** Tries a network on a pair of pictures whose middle is known: what does not come near it is not offered. */
import { AppError, toAppError } from '../../contract/errors.ts';
import type { ProbeResult } from '../../contract/models.ts';
import { Blend } from '../engines/blend.ts';
import type { Interpolator } from '../engines/engine.ts';
import type { InbetweeningFamily, InterpolatingFamily } from '../engines/family.ts';
import type { Inbetweener } from '../engines/inbetween.ts';
import type { Frame } from '../media/frame.ts';
import { PAIR_HEIGHT, PAIR_WIDTH, testPair } from './test-pair.ts';

/** Share of samples at an end of the range, where the true picture has none, from which a network is broken. */
const MAX_CLIPPED = 0.02;

export interface ProbeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly threads: number;
  readonly device?: string | undefined;
}

/**
 * Opens the checkpoint at `path` and makes the middle of the test pair twice (the second is timed). Throws `probe-failed` when the
 * network cannot be opened or run, when its picture lies outside the range (what is not a number lies there too), or when it is no nearer
 * to the truth than plain grey would be. In-betweening networks may have been trained on one kind of picture alone: theirs need only be pictures.
 */
export async function probe(
  family: InterpolatingFamily | InbetweeningFamily,
  path: string,
  options: ProbeOptions & { readonly config: Readonly<Record<string, unknown>> },
): Promise<ProbeResult> {
  const { signal, threads, device, config } = options;
  const setup = { width: PAIR_WIDTH, height: PAIR_HEIGHT, threads, ...(device ? { device } : {}) };
  const pair = testPair();
  const { picture, milliseconds, where } = await runOn(
    () => (family.kind === 'interpolate' ? family.open(path, setup) : family.open(path, setup, config)),
    pair,
    signal,
  );
  const truth = pair.middle;
  const result: ProbeResult = {
    psnr: rounded(psnr(picture, truth)),
    blendPsnr: rounded(psnr(await middleOf(new Blend(), pair, signal), truth)),
    clipped: rounded(clippedShare(picture)),
    millisecondsPerFrame: Math.round(milliseconds),
    width: PAIR_WIDTH,
    height: PAIR_HEIGHT,
    device: where,
  };
  if (result.clipped > MAX_CLIPPED) {
    const share = (100 * result.clipped).toFixed(0);
    throw failed(`${share} % of its picture is outside the range of colours, or is no number`);
  }
  const grey = psnr(flat(truth), truth);
  if (family.kind === 'interpolate' && !(result.psnr > grey)) {
    throw failed(`its picture is ${result.psnr} dB from the true one, no nearer than plain grey (${rounded(grey)} dB)`);
  }
  return result;
}

type Pair = ReturnType<typeof testPair>;

async function runOn(
  open: () => Promise<Interpolator | Inbetweener>,
  pair: Pair,
  signal: AbortSignal | undefined,
): Promise<{ picture: Frame; milliseconds: number; where: string }> {
  try {
    await using engine = await open();
    await middleOf(engine, pair, signal);
    const start = performance.now();
    const picture = await middleOf(engine, pair, signal);
    return { picture, milliseconds: performance.now() - start, where: engine.device };
  } catch (cause) {
    signal?.throwIfAborted();
    throw failed(`it cannot be run: ${toAppError(cause).message.replace(/\.$/, '')}`, cause);
  }
}

async function middleOf(
  engine: Interpolator | Inbetweener,
  { a, b }: Pair,
  signal: AbortSignal | undefined,
): Promise<Frame> {
  const made =
    'between' in engine
      ? engine.between(a, b, [0.5], signal ? { signal } : {})
      : engine.fill({ first: { frame: a }, last: { frame: b } }, [0.5], { seed: 0, motion: 'linear', signal });
  for await (const { frame, confidence } of made) {
    if (!Number.isFinite(confidence)) throw new AppError('engine-failed', 'Its confidence is no number.');
    return frame;
  }
  throw new AppError('engine-failed', 'It gave no picture.');
}

function failed(why: string, cause?: unknown): AppError {
  const sentence = `The model does not work, so it was not kept: ${why}.`;
  return new AppError('probe-failed', sentence, { cause });
}

/** dB over all samples, as 16-bit codes. */
function psnr(a: Frame, b: Frame): number {
  let sum = 0;
  let count = 0;
  a.planes.forEach(({ data }, n) => {
    const other = b.planes[n]!.data;
    for (let i = 0; i < data.length; i++) sum += (data[i]! - other[i]!) ** 2;
    count += data.length;
  });
  return sum === 0 ? 99 : 10 * Math.log10(65535 ** 2 / (sum / count));
}

/** A network's picture is clipped when it becomes a frame, and what is no number becomes 0: both ends show what went out of range. */
function clippedShare(frame: Frame): number {
  let ends = 0;
  let count = 0;
  for (const { data } of frame.planes) {
    for (const value of data) if (value === 0 || value === 65535) ends++;
    count += data.length;
  }
  return ends / count;
}

/** Each plane at its own mean. */
function flat(frame: Frame): Frame {
  const planes = frame.planes.map((plane) => {
    let sum = 0;
    for (const value of plane.data) sum += value;
    const mean = sum / plane.data.length;
    return { ...plane, data: new Uint16Array(plane.data.length).fill(Math.round(mean)) };
  });
  return { ...frame, planes };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
