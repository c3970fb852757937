/** `score` of recognisers. */
import { resolve } from 'node:path';
import { AppError } from '../contract/errors.ts';
import { deviceChoice } from '../core/nn/device.ts';
import { confusionOf, writeConfusion } from '../core/recognition/confusion.ts';
import { readRecognition, type WatchedVideo } from '../core/recognition/protocol.ts';
import { recognitionJson, recognitionTable } from '../core/recognition/report.ts';
import { scoreRecognition, type EngineRecognition } from '../core/recognition/run.ts';
import { NOTHING } from '../core/tags/spans.ts';
import { statusLine } from './status-line.ts';
import type { VerbIo } from './verb.ts';

export const RECOGNITION_FLAGS = {
  teach: { type: 'boolean' },
  confusion: { type: 'string' },
  force: { type: 'boolean' },
} as const;

export const RECOGNITION_USAGE = `  Recognisers are scored on protocols of recognition, several of which count as one:
             {"videos": [{"file", "group", "person", "label"}, {"file", "group", "person", "spans": [{"label", "start", "end"}]}, ...]}
             label: it happens all the time; spans, in seconds: all that happens. "examples": true only gives examples to --teach.
  --confusion  what is taken for what among all labels, as a picture; --force replaces one
  --teach      take every label as a new one, taught from 1, 3, 5 and 10 examples of other people
  Top 1: the label of the highest mean probability over the video, 'nothing' left out, among the labels of its group and among all.
  Spans: mean average precision at overlaps 0.3, 0.5 and 0.7, found by the rules that tag has unless told otherwise.`;

export interface RecognitionWords {
  readonly engines: string;
  readonly device?: string | undefined;
  readonly teach?: boolean | undefined;
  readonly confusion?: string | undefined;
  readonly force?: boolean | undefined;
}

/** The videos of protocols of recognition; undefined where the first path is something else. Throws 'bad-protocol', 'not-found', 'usage' for a mixture. */
export async function recognitionOf(paths: readonly string[]): Promise<WatchedVideo[] | undefined> {
  const [first, ...more] = paths;
  const videos = first === undefined ? undefined : await readRecognition(first);
  if (!videos) return undefined;
  for (const path of more) {
    const others = await readRecognition(path);
    if (!others) throw new AppError('usage', `'${path}' is no protocol of recognition, and '${first}' is one.`);
    videos.push(...others);
  }
  return videos;
}

export async function scoreActions(
  videos: readonly WatchedVideo[],
  { engines, device, teach = false, confusion, force = false }: RecognitionWords,
  io: VerbIo,
): Promise<number> {
  const ids = [...new Set(engines.split(',').map((id) => id.trim()))];
  if (confusion !== undefined && (ids.length > 1 || !/\.png$/i.test(confusion)))
    throw new AppError('usage', '--confusion is for one recogniser and writes a .png.');
  const status = statusLine(io);
  try {
    const scores = await scoreRecognition(videos, {
      ...{ engines: ids, device: deviceChoice(device), teach, signal: io.signal },
      onProgress: ({ done, total, what, ...eta }) =>
        status.tell({ sentence: `${done} of ${total} videos (${what})`, fraction: done / total, ...eta }),
    });
    const [one] = scores;
    if (confusion !== undefined && one) await picture(one, resolve(confusion), force, io);
    status.end();
    io.out(io.json ? JSON.stringify(recognitionJson(scores)) : recognitionTable(scores));
    return 0;
  } finally {
    status.end();
  }
}

async function picture(score: EngineRecognition, path: string, force: boolean, io: VerbIo): Promise<void> {
  const answers = score.groups.flatMap(({ top }) => top?.answers ?? []);
  if (answers.length === 0)
    throw new AppError('usage', `${score.engine} knows no label of these videos: there is no confusion to draw.`);
  const confusion = confusionOf(
    answers.map(({ truth, ofAll }) => ({ truth, said: ofAll })),
    score.labels,
  );
  const right = answers.filter(({ truth, ofAll }) => truth === ofAll).length;
  const title = `${score.engine}: ${right} of ${answers.length} videos right among ${score.labels.filter((label) => label !== NOTHING).length} labels`;
  await writeConfusion(confusion, title, path, { force, signal: io.signal });
}
