/** The options of `tag`: words to rules, and inputs to clips with their outputs. */
import { stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { AppError } from '../contract/errors.ts';
import { SPAN_RULES, type SpanRules } from '../contract/tags.ts';
import { findClips } from '../core/queue/batch-files.ts';
import { checkRules } from '../core/tags/spans.ts';
import { TAG_FORMATS, tagFormat } from '../core/tags/spec.ts';
import { deviceUsage, number, oneOf } from './slowmo-options.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** What node:util parseArgs is told. */
export const TAG_FLAGS = {
  engine: text,
  top: text,
  labels: text,
  threshold: text,
  rules: text,
  format: text,
  overlay: text,
  plot: text,
  device: text,
  again: flag,
  force: flag,
} as const;

export const TAG_USAGE = `tag IN... [-o FILE.json|.csv|.vtt|.srt|.edl] [options]

  IN             clips, and folders, which are looked through; all of them come into the library, where find finds what is in them
  -o OUT         a file, whose ending says what is written; for several clips a folder (-o DIR/), its files named as the clips are
  --format F     of the files in a folder: ${TAG_FORMATS.join(', ')} (json)
  --engine ID    the recogniser (models list shows those that are here)
  --top K        labels of the summary (5)
  --labels A,B   only these are written; the library keeps all
  --threshold X  a span begins at this probability, and goes on down to 0.6 times it
  --rules R      how spans are made: smooth=0.3,on=0.5,off=0.3,gap=0.4,shortest=0.4 (seconds; on and off are probabilities),
                 and for one label 'jump.on=0.7,jump.off=0.4'
  --overlay OUT  the clip with its probabilities over time below: .mp4, .mov, .mkv, .webm, .gif, or .png for a strip; of one clip
  --plot LABEL   this label's probability over time as a picture: tag IN --plot jump -o jump.png; of one clip
  ${deviceUsage(15)}
  --again        look at the clips anew though their scores are in the library; what a person said of spans stays
  --force        replace existing outputs`;

export type TagOptions = {
  [K in Exclude<keyof typeof TAG_FLAGS, 'again' | 'force'>]?: string;
} & { again?: boolean; force?: boolean };

/** Of `on`: what a span goes on down to, where only --threshold is said. */
const OFF_SHARE = SPAN_RULES.off / SPAN_RULES.on;

/** Throws 'usage', 'bad-rules'. */
export function rulesOf({ threshold, rules }: Pick<TagOptions, 'threshold' | 'rules'>): SpanRules {
  const made: SpanRules = { ...SPAN_RULES, labels: {} };
  if (threshold !== undefined) {
    made.on = number('threshold', threshold, 0, 1, false);
    made.off = made.on * OFF_SHARE;
  }
  for (const part of (rules ?? '').split(',')) {
    if (part.trim() === '') continue;
    const [, key = '', value = ''] = /^\s*(.+?)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (key === '') throw new AppError('usage', `--rules has '${part.trim()}', which is not NAME=NUMBER.`);
    setRule(made, key, value);
  }
  checkRules(made);
  return made;
}

function setRule(rules: SpanRules, key: string, value: string): void {
  const dot = key.lastIndexOf('.');
  const name = key.slice(dot + 1);
  if (dot > 0 && (name === 'on' || name === 'off')) {
    const label = key.slice(0, dot);
    const said = number(`rules ${key}`, value, 0, 1, false);
    const before = rules.labels[label] ?? { on: rules.on, off: rules.off };
    rules.labels[label] = { ...before, [name]: said };
    return;
  }
  const known = oneOf('rules', key, ['smooth', 'on', 'off', 'gap', 'shortest']);
  const most = known === 'on' || known === 'off' ? 1 : known === 'smooth' ? 60 : 1e7;
  rules[known] = number(`rules ${key}`, value, 0, most, false);
}

/** The labels of a list; null for none. */
export function labelsOf(list: string | undefined): string[] | null {
  const labels = (list ?? '')
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '');
  if (list !== undefined && labels.length === 0) throw new AppError('usage', '--labels needs a label at least.');
  return labels.length === 0 ? null : labels;
}

export interface TagItem {
  /** Absolute. */
  readonly input: string;
  /** Absolute; undefined where the scores go into the library alone. */
  readonly output: string | undefined;
}

export interface TagItems {
  readonly items: readonly TagItem[];
  /** Files of folders that are no clips. */
  readonly others: number;
  /** Several were asked for, or a folder. */
  readonly many: boolean;
}

/** The clips that `inputs` name or hold, each once, and where what is found in each is written. Throws 'usage', 'not-found', 'output-format'. */
export async function tagItems(
  inputs: readonly string[],
  output: string | undefined,
  format = 'json',
): Promise<TagItems> {
  const ending = `.${oneOf('format', format, TAG_FORMATS)}`;
  const folders = new Set<string>();
  for (const input of inputs) if (await isFolder(resolve(input))) folders.add(resolve(input));
  const many = inputs.length > 1 || folders.size > 0;
  const into = output !== undefined && (many || /[/\\]$/.test(output) || (await isFolder(output)));
  if (into && many && !/[/\\]$/.test(output) && extname(output) !== '' && !(await isFolder(output))) {
    throw new AppError(
      'usage',
      `What is found in several clips is written as several files: -o ${output}/ is their folder.`,
    );
  }
  if (output !== undefined && !into) tagFormat(output);
  const folder = resolve(output ?? '.');
  const found = new Map<string, string>();
  let others = 0;
  for (const input of inputs.map((one) => resolve(one))) {
    if (!folders.has(input)) {
      found.set(input, join(folder, basename(input, extname(input)) + ending));
      continue;
    }
    const clips = await findClips(input, folder, { endingOf: () => ending, links: true });
    others += clips.others;
    for (const clip of clips.items) if (!found.has(clip.input)) found.set(clip.input, clip.output);
  }
  if (found.size === 0) throw new AppError('not-found', `There is no clip in ${[...folders].join(', ')}.`);
  const taken = new Set<string>();
  const items = [...found].map(([input, wanted]): TagItem => {
    if (!into) return { input, output: output === undefined ? undefined : folder };
    let name = wanted;
    // Many file systems take A and a for the same.
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${wanted.slice(0, -ending.length)} ${n}${ending}`;
    taken.add(name.toLowerCase());
    return { input, output: name };
  });
  return { items, others, many };
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
