/** One label's probability over time as a picture. */
import { writeStill } from '../media/stills.ts';
import { frameOfRgb } from '../score/rgb.ts';
import { curveOf, type Scores } from './curves.ts';
import { makePlot } from './plot.ts';

export interface CurvePictureOptions {
  readonly scores: Scores;
  readonly label: string;
  /** Length of the clip. */
  readonly seconds: number;
  /** Spans to shade; those of other labels are left out. */
  readonly spans?: readonly { readonly label: string; readonly start: number; readonly end: number }[] | undefined;
  /** .png, or another picture's ending. */
  readonly output: string;
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

const WIDTH = 1280;
const RISE = 360;

/** Writes it, on a linear scale. Throws 'usage' for a label that the scores do not have, 'output-format', 'output-exists', 'output-folder', the signal's reason. */
export async function writeCurvePicture(options: CurvePictureOptions): Promise<void> {
  const { scores, label, output, force = false, signal } = options;
  const curves = [curveOf(scores, label)];
  const marked = options.spans?.filter((span) => span.label === label);
  const { rate } = scores;
  const seconds = Math.max(options.seconds, 1 / rate);
  const { coloured } = makePlot({ curves, rate, seconds, width: WIDTH, rise: RISE, scale: 'linear', marked });
  await writeStill(frameOfRgb(coloured), output, { force, ...(signal && { signal }) });
}
