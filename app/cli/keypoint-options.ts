/** Options that `animate` and `keypoints` share. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { AppError } from '../contract/errors.ts';
import { CODECS } from '../contract/jobs.ts';
import type { Moved, MoveOptions } from '../core/keypoints/animate.ts';
import { deviceChoice } from '../core/nn/device.ts';
import { parseRate } from '../core/time/rational.ts';
import { clock } from './progress.ts';
import { number, oneOf } from './slowmo-options.ts';
import { statusLine } from './status-line.ts';
import type { VerbIo } from './verb.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

/** The model used where none is named. */
export const DEFAULT_MODEL = 'fomm';

/** What node:util parseArgs is told. */
export const MOVE_FLAGS = {
  output: { ...text, short: 'o' },
  engine: { ...text, default: DEFAULT_MODEL },
  relative: flag,
  absolute: flag,
  scale: text,
  published: flag,
  fps: text,
  codec: text,
  quality: text,
  device: text,
  force: flag,
} as const;

export const MOVE_USAGE = `  -o OUT        .webm, .mp4, .mov, .mkv or .gif; OUT.png is one strip of all frames; DIR/ takes them as numbered PNG files
  --relative    the still's key points move as the others do (unless given otherwise)
  --absolute    they go to where the others are: for a still that begins as they do
  --scale S     of relative movement: adapt measures it by how far the points are spread in either picture, none (the
                default) takes it as it is
  --published   what the network paints, enlarged, as its authors use it; otherwise it guides the still itself
  --engine ID   a model of the family fomm (${DEFAULT_MODEL})
  --fps R       frames a second
  --codec C     ${CODECS.join(', ')}; --quality N is the codec's own constant quality`;

export interface MoveWords {
  readonly output?: string | undefined;
  readonly engine: string;
  readonly relative: boolean;
  readonly absolute: boolean;
  readonly scale?: string | undefined;
  readonly published: boolean;
  readonly fps?: string | undefined;
  readonly codec?: string | undefined;
  readonly quality?: string | undefined;
  readonly device?: string | undefined;
  readonly force: boolean;
}

const SCALES = ['none', 'adapt'] as const;

/** Absolute, a folder with its slash. Throws 'usage' where it is missing. */
export function outputOf(words: Pick<MoveWords, 'output'>, example: string): string {
  if (words.output === undefined) throw new AppError('usage', `The output is missing: ${example}.`);
  return /[/\\]$/.test(words.output) ? `${resolve(words.output)}/` : resolve(words.output);
}

/** Runs what moves a still, tells of it, and prints what became of it. Throws 'usage'. */
export async function moveWith(
  words: MoveWords,
  io: VerbIo,
  run: (options: MoveOptions) => Promise<Moved>,
): Promise<number> {
  const { engine: model, relative, absolute, published, fps, codec, quality, force } = words;
  if (relative && absolute) throw new AppError('usage', '--relative and --absolute exclude each other.');
  const scale = oneOf('scale', words.scale ?? 'none', SCALES);
  if (absolute && words.scale !== undefined)
    throw new AppError('usage', '--scale is of relative movement: leave it out with --absolute.');
  const status = statusLine(io);
  const note = (message: string): void => {
    status.end();
    io.err(io.json ? JSON.stringify({ type: 'note', message }) : `Note: ${message}`);
  };
  try {
    const moved = await run({
      ...{ model, relative: !absolute, adaptScale: scale === 'adapt', published, force, signal: io.signal },
      ...(fps !== undefined && { fps: parseRate(fps) }),
      ...(codec !== undefined && { codec: oneOf('codec', codec, CODECS) }),
      ...(quality !== undefined && { quality: number('quality', quality, 0, 100) }),
      device: deviceChoice(words.device),
      threads: availableParallelism(),
      onNote: note,
      onFrame: (done, total) => status.tell({ sentence: `${done} of ${total} frames`, fraction: done / total }),
    });
    status.end();
    if (io.json) io.out(JSON.stringify(moved));
    else {
      const { output, frames, device, seconds } = moved;
      const scaled = moved.scale === 1 ? '' : `, movement times ${moved.scale.toFixed(2)}`;
      io.out(
        `${output}\n  ${frames} frames at ${moved.fps} by ${moved.model} on ${device}${scaled}, ${clock(seconds)}`,
      );
    }
    return 0;
  } finally {
    status.end();
  }
}
