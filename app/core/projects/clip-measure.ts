/** How long a clip of the library is and how fast, for putting it into a sequence. */
import { setTimeout as delay } from 'node:timers/promises';
import type { VideoInfo } from '../../contract/media.ts';
import { TICKS, type Rational } from '../../contract/time.ts';
import { analyseClip, isAnalysed } from '../clips/facts.ts';
import { clipById, usableClip } from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import { standardRate, toNumber } from '../time/rational.ts';

export interface MeasuredClip {
  readonly id: string;
  readonly name: string;
  readonly info: VideoInfo;
  /** Frames a second; what comes nearest where it varies. */
  readonly rate: Rational;
  /** Seconds from the first frame to the end of the last. */
  readonly duration: number;
}

/** Pixels a second that decoding does about everywhere, and the seconds a user waits for the exact length. */
const PIXELS_A_SECOND = 4e8;
const PATIENCE = 3;
/** Seconds after which a clip that is still being probed is refused. */
const PROBING = 20;

/**
 * Measures a clip: exactly where it has been decoded once or that takes a moment only, else by what its container says (which may be a frame
 * off; a frame past the end shows the last one). Throws clip-unknown, clip-missing, no-video, cancelled.
 */
export async function measureClip(db: Library, id: string, signal: AbortSignal): Promise<MeasuredClip> {
  // What was added this moment is being probed.
  for (let waited = 0; waited < PROBING && clipById(db, id)?.state === 'probing'; waited += 0.05) {
    await delay(50, undefined, { signal });
  }
  const { name, info, duration } = usableClip(db, id);
  const { rate, duration: length } = claimedLength(info, duration);
  const { codedWidth, codedHeight } = info.video;
  const work = ((length ?? 0) * toNumber(rate) * codedWidth * codedHeight) / PIXELS_A_SECOND;
  if (length !== undefined && work > PATIENCE && !(await isAnalysed(db, id).catch(() => false))) {
    return { id, name, info, rate, duration: length };
  }
  const limit = length === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(3 * PATIENCE * 1000)]);
  try {
    const { timing } = await analyseClip(db, id, { signal: limit });
    return { id, name, info, rate: timing.rate, duration: timing.end / TICKS };
  } catch (error) {
    signal.throwIfAborted();
    if (length === undefined || !limit.aborted) throw error;
    return { id, name, info, rate, duration: length };
  }
}

/** What the container says; not all say how long they are. */
function claimedLength(info: VideoInfo, known: number | null): { rate: Rational; duration: number | undefined } {
  const { averageRate, nominalRate, frameCount, duration } = info.video;
  const claimed = averageRate ?? nominalRate;
  const usable =
    claimed && claimed.num > 0 && toNumber(claimed) >= 1 && toNumber(claimed) <= 1000 ? claimed : undefined;
  const rate = (usable && standardRate(toNumber(usable), 1e-4)) ?? usable ?? { num: 25, den: 1 };
  const counted = frameCount === undefined ? undefined : frameCount / toNumber(rate);
  return { rate, duration: duration ?? counted ?? info.duration ?? known ?? undefined };
}
