/** Names that break programs, and every verb of the command run on files that have them. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verb } from '../../app/cli/verb.ts';
import { EXIT_STATUS, toAppError } from '../../app/contract/errors.ts';
import { ffmpegOutput } from './clips.ts';

/** Quotes, brackets, patterns, a backslash, a line break, other scripts, an emoji, what a shell would take for its own; as long as names may be; one that looks like an option. */
export const HOSTILE: readonly string[] = [
  ` it's "all" [of] {it} %d %05d 100% \\n \n über 日本語 العربية 💥 $(x) \`y\`;&|<*?>#`,
  'ü'.repeat(125),
  '-o --json -- -',
];

/** 255 bytes with its ending. */
export function named(stem: string, ending: string): string {
  const room = 255 - ending.length - 1;
  let short = stem;
  while (Buffer.byteLength(short) > room) short = short.slice(0, -1);
  return `${short}.${ending}`;
}

export interface Files {
  readonly folder: string;
  readonly clip: string;
  readonly still: string;
  readonly other: string;
  /** A path in the folder that is not there yet. */
  readonly out: (ending: string) => string;
}

/** A short clip and two stills under names made of `stem`, in a folder of that name too. */
export function hostileFiles(root: string, stem: string): Files {
  const folder = join(root, stem);
  mkdirSync(folder, { recursive: true });
  const film = join(root, 'plain.mp4');
  const pictures = ['a', 'b'].map((name) => join(root, `${name}.png`));
  if (!existsSync(film)) {
    ffmpegOutput(
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=192x160:rate=12:duration=1.5',
      '-c:v',
      'libx264',
      '-threads',
      '1',
      '-y',
      film,
    );
    for (const [i, path] of pictures.entries())
      ffmpegOutput('-ss', String(i), '-i', film, '-frames:v', '1', '-update', '1', '-y', path);
  }
  const clip = join(folder, named(stem, 'mp4'));
  const [still, other] = [join(folder, named(stem, 'png')), join(folder, named(`2${stem}`, 'png'))];
  copyFileSync(film, clip);
  copyFileSync(pictures[0]!, still);
  copyFileSync(pictures[1]!, other);
  let made = 0;
  return { folder, clip, still, other, out: (ending) => join(folder, named(`${made++}${stem}`, ending)) };
}

interface VerbCase {
  readonly verb: string;
  /** The words after the verb; `out` are the outputs that must be there afterwards. */
  readonly words: (files: Files) => { readonly words: string[]; readonly out: string[] };
  /** Takes processes of its own, or a network: not for every commit. */
  readonly slow?: true;
}

const EDL = '001  AX  V  C  00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n';

/** Every verb that takes a path. */
export const VERBS: readonly VerbCase[] = [
  { verb: 'probe', words: ({ clip }) => ({ words: ['--', clip], out: [] }) },
  { verb: 'shots', words: ({ clip }) => ({ words: [clip], out: [] }) },
  {
    verb: 'frame',
    words: ({ still, other, out }) => {
      const to = out('png');
      return { words: [still, other, '-o', to, '--engine', 'blend'], out: [to] };
    },
  },
  {
    verb: 'slowmo',
    slow: true,
    words: ({ clip, out }) => {
      const to = out('mkv');
      return { words: [clip, '-o', to, '--engine', 'hold', '--to', '0.5'], out: [to] };
    },
  },
  {
    verb: 'morph',
    slow: true,
    words: ({ still, other, out }) => {
      const to = out('mkv');
      return { words: [still, other, '-o', to, '--frames', '2', '--engine', 'blend'], out: [to] };
    },
  },
  {
    verb: 'batch',
    slow: true,
    words: ({ folder }) => {
      const to = join(folder, 'slow');
      return { words: [folder, '-o', to, '--engine', 'hold'], out: [to] };
    },
  },
  {
    verb: 'project',
    words: ({ out }) => {
      const list = out('edl');
      writeFileSync(list, EDL);
      return { words: ['import', list], out: [] };
    },
  },
  {
    verb: 'tag',
    slow: true,
    words: ({ clip, out }) => {
      const to = out('json');
      return { words: [clip, '-o', to], out: [to] };
    },
  },
  {
    verb: 'keypoints',
    slow: true,
    words: ({ clip, out }) => {
      const to = out('json');
      return { words: ['extract', clip, '-o', to, '--count', '2', '--step', '16'], out: [to] };
    },
  },
  {
    verb: 'animate',
    slow: true,
    words: ({ still, clip, out }) => {
      const to = out('mkv');
      return { words: [still, clip, '-o', to], out: [to] };
    },
  },
  { verb: 'score', slow: true, words: ({ clip }) => ({ words: [clip, '--engines', 'hold'], out: [] }) },
  {
    verb: 'dataset',
    slow: true,
    words: ({ folder }) => {
      const to = join(folder, 'records');
      return { words: ['triplets', folder, '-o', to, '--min-motion', '0', '--per-clip', '1'], out: [to] };
    },
  },
];

/** Runs a verb in this process. What it said, where it did not end with 0. */
export async function runVerb(verb: string, words: readonly string[]): Promise<string | null> {
  const said: string[] = [];
  const io = {
    json: false,
    signal: new AbortController().signal,
    out: (line: string) => void said.push(line),
    err: (line: string) => void said.push(line),
  };
  const module = (await import(`../../app/cli/verbs/${verb}.ts`)) as Record<string, Verb>;
  try {
    const status = await module[verb]!.run([...words], io);
    return status === 0 ? null : `${status}: ${said.join('\n')}`;
  } catch (thrown) {
    const error = toAppError(thrown);
    return `${EXIT_STATUS[error.kind]}: ${error.code}: ${error.message}`;
  }
}

/** Runs every verb of `verbs` on files with hostile names under `root`; what went wrong. */
export async function tryVerbs(
  root: string,
  verbs: readonly VerbCase[],
  names = HOSTILE,
): Promise<{ tried: number; wrong: string[] }> {
  const wrong: string[] = [];
  let tried = 0;
  for (const stem of names) {
    for (const { verb, words } of verbs) {
      const files = hostileFiles(join(root, verb), stem);
      const asked = words(files);
      const failed = await runVerb(verb, asked.words);
      tried++;
      if (failed !== null) wrong.push(`${verb} ${JSON.stringify(stem.slice(0, 20))}: ${failed}`);
      else
        for (const path of asked.out)
          if (!existsSync(path) || (statSync(path).isDirectory() && readdirSync(path).length === 0))
            wrong.push(`${verb} ${JSON.stringify(stem.slice(0, 20))}: ${path} is not there`);
      const left = readdirSync(files.folder).filter((name) => name.startsWith('.'));
      if (left.length > 0) wrong.push(`${verb} left ${left.join(', ')}`);
    }
  }
  return { tried, wrong };
}
