/** `keypoints`: key points of videos as a data set, films out of them, and what they look like. */
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { renderPoints } from '../../core/keypoints/animate.ts';
import { extractPoints, type Extracted } from '../../core/keypoints/extract.ts';
import { showPoints } from '../../core/keypoints/show.ts';
import type { WindowSource } from '../../core/dataset/window-source.ts';
import { findFomm } from '../../core/engines/fomm/index.ts';
import { deviceChoice } from '../../core/nn/device.ts';
import { findClips } from '../../core/queue/batch-files.ts';
import { MOVE_FLAGS, MOVE_USAGE, moveWith, outputOf, type MoveWords } from '../keypoint-options.ts';
import { deviceUsage, number, parseWords } from '../slowmo-options.ts';
import { statusLine } from '../status-line.ts';
import type { Verb, VerbIo } from '../verb.ts';
import { plural } from '../words.ts';

const text = { type: 'string' } as const;

export const keypoints: Verb = {
  name: 'keypoints',
  summary: 'Find key points in videos, render films out of them, or draw them',
  usage: `keypoints extract CLIP...|FOLDER -o FILE.json|FILE.safetensors [--count 16] [--stride 1] [--step N] [--engine ID] [--force]
keypoints render STILL FILE -o OUT [--window 0] [options]
keypoints show STILL -o OUT.png [--engine ID] [--force]

extract cuts windows of frames out of videos, none across a cut, the square in the middle, and finds the key points and
jacobians of every frame. Run again after it was stopped, it goes on.
  --count       frames of a window, 2 to 256
  --stride      frames of the video from one to the next
  --step        frames from window to window; one after the other unless given

render moves a still along the key points of a window of such a file.
  --window N    which of them, counted from 0
${MOVE_USAGE} (30)

show draws the key points on the still, with two arms each: where the jacobian takes a step to the right (long) and down.

  ${deviceUsage(14)}
  --force       replace an existing output
  --json        for show: the points themselves`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: {
        ...MOVE_FLAGS,
        count: { ...text, default: '16' },
        stride: { ...text, default: '1' },
        step: text,
        window: { ...text, default: '0' },
      },
      allowPositionals: true,
    });
    const [what, first, second, ...extra] = positionals;
    if (what === 'extract' && first !== undefined) return await extract(positionals.slice(1), values, io);
    if (what === 'render' && first !== undefined && second !== undefined && extra.length === 0) {
      const output = outputOf(values, 'keypoints render STILL FILE -o OUT.webm');
      const window = number('window', values.window, 0, 1e9);
      return await moveWith(values, io, (options) =>
        renderPoints(resolve(first), resolve(second), output, { ...options, window }),
      );
    }
    if (what === 'show' && first !== undefined && second === undefined) return await show(resolve(first), values, io);
    throw new AppError(
      'usage',
      'keypoints is used so: keypoints extract CLIP... -o FILE, keypoints render STILL FILE -o OUT, or keypoints show STILL -o OUT.png.',
    );
  },
};

interface ExtractWords extends MoveWords {
  readonly count: string;
  readonly stride: string;
  readonly step?: string | undefined;
}

async function extract(words: readonly string[], values: ExtractWords, io: VerbIo): Promise<number> {
  const output = outputOf(values, 'keypoints extract CLIP... -o FILE.json');
  const count = number('count', values.count, 2, 256);
  const stride = number('stride', values.stride, 1, 1000);
  const step = values.step === undefined ? count * stride : number('step', values.step, 1, 1_000_000);
  const sources = await sourcesOf(
    words.map((word) => resolve(word)),
    output,
  );
  const model = await findFomm(values.engine);
  const setup = { width: 64, height: 64, threads: availableParallelism() };
  await using engine = await model.open({ ...setup, device: deviceChoice(values.device ?? 'cpu') });
  const status = statusLine(io);
  try {
    const made = await extractPoints(sources, output, engine, model, {
      ...{ count, stride, step, force: values.force, signal: io.signal },
      onProgress: ({ source, windows, ...rest }) =>
        status.tell({ sentence: `${plural(windows, 'window')}, ${source}`, ...rest }),
    });
    status.end();
    io.out(io.json ? JSON.stringify({ output, model: model.id, ...made }) : summary(output, made));
    return 0;
  } finally {
    status.end();
  }
}

/** The videos named, and those below a folder that is. Throws 'not-found'. */
async function sourcesOf(paths: readonly string[], output: string): Promise<WindowSource[]> {
  const sources: WindowSource[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((cause: unknown) => {
      throw new AppError('not-found', `There is no ${path}.`, { cause });
    });
    if (!found.isDirectory()) {
      sources.push({ path, name: paths.length === 1 ? basename(path) : path, ranges: [] });
      continue;
    }
    const { items } = await findClips(path, dirname(output) === path ? path : dirname(output));
    if (items.length === 0) throw new AppError('not-found', `There are no videos in ${path}.`);
    const name = (input: string): string => relative(path, input).replaceAll(sep, '/');
    sources.push(...items.map(({ input }) => ({ path: input, name: name(input), ranges: [] })));
  }
  return sources;
}

function summary(output: string, { windows, frames, kept, sources }: Extracted): string {
  const given = sources.filter((source) => source.windows > 0).length;
  const before = kept > 0 ? `; ${plural(kept, 'video was', 'videos were')} done before` : '';
  return [
    output,
    `  ${plural(windows, 'window')}, ${frames} frames, from ${given} of ${plural(sources.length, 'video')}${before}`,
    ...sources.flatMap(({ name, error }) => (error ? [`  ${name}: ${error}`] : [])),
  ].join('\n');
}

async function show(still: string, values: MoveWords, io: VerbIo): Promise<number> {
  const output = outputOf(values, 'keypoints show STILL -o OUT.png');
  const { engine: model, force } = values;
  const device = deviceChoice(values.device ?? 'cpu');
  const options = { model, device, force, threads: availableParallelism(), signal: io.signal };
  const points = await showPoints(still, output, options);
  if (io.json) io.out(JSON.stringify({ output, model, points }));
  else io.out(`${output}\n  ${points.length} key points by ${model}`);
  return 0;
}
