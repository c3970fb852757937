/** The `inbetween` command: finds the verb, runs it, and turns what it throws into a sentence and an exit status. */
import { EXIT_STATUS, toAppError, AppError } from '../contract/errors.ts';
import { printable, printableJson } from './printable.ts';
import type { Verb, VerbIo } from './verb.ts';

/** One row a verb; each is loaded only when it is asked for, so `--help` imports nothing native. */
const VERBS: Record<string, () => Promise<Verb>> = {
  slowmo: async () => (await import('./verbs/slowmo.ts')).slowmo,
  frame: async () => (await import('./verbs/frame.ts')).frame,
  morph: async () => (await import('./verbs/morph.ts')).morph,
  animate: async () => (await import('./verbs/animate.ts')).animate,
  keypoints: async () => (await import('./verbs/keypoints.ts')).keypoints,
  tag: async () => (await import('./verbs/tag.ts')).tag,
  find: async () => (await import('./verbs/find.ts')).find,
  teach: async () => (await import('./verbs/teach.ts')).teach,
  batch: async () => (await import('./verbs/batch.ts')).batch,
  jobs: async () => (await import('./verbs/jobs.ts')).jobs,
  models: async () => (await import('./verbs/models.ts')).models,
  project: async () => (await import('./verbs/project.ts')).project,
  probe: async () => (await import('./verbs/probe.ts')).probe,
  shots: async () => (await import('./verbs/shots.ts')).shots,
  fixtures: async () => (await import('./verbs/fixtures.ts')).fixtures,
  score: async () => (await import('./verbs/score.ts')).score,
  bench: async () => (await import('./verbs/bench.ts')).bench,
  dataset: async () => (await import('./verbs/dataset.ts')).dataset,
  serve: async () => (await import('./verbs/serve.ts')).serve,
  demo: async () => (await import('./verbs/demo.ts')).demo,
  doctor: async () => (await import('./verbs/doctor.ts')).doctor,
  setup: async () => (await import('./verbs/setup.ts')).setup,
};

/** What the command line says besides; a window has a switch for it. */
const FORCE_HINT = ' --force replaces it.';

/** Runs the command and returns its exit status: 0 done, 2 usage, 3 refused, 4 failed, 130 cancelled. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...words] = argv;
  const json = words.includes('--json');
  const cancel = new AbortController();
  const stop = () => cancel.abort(new AppError('cancelled', 'Cancelled.'));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  process.once('SIGHUP', stop);
  // A reader that went away (`| head`) is no reason for a stack trace.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  const safe = json ? printableJson : printable;
  const io: VerbIo = {
    json,
    signal: cancel.signal,
    out: (line) => void process.stdout.write(`${safe(line)}\n`),
    err: (line) => void process.stderr.write(`${safe(line)}\n`),
  };
  try {
    const rest = takeLibrary(words);
    if (name === 'help' || name === '--help' || name === '-h') {
      io.out(await help());
      return 0;
    }
    const load = VERBS[name];
    if (!load) throw new AppError('usage', `There is no verb '${name}'. There are: ${Object.keys(VERBS).join(', ')}.`);
    const verb = await load();
    if (rest.includes('--help') || rest.includes('-h')) {
      io.out(`${verb.usage}\n\n${verb.summary}`);
      return 0;
    }
    return await verb.run(
      rest.filter((word) => word !== '--json'),
      io,
    );
  } catch (thrown) {
    const error = toAppError(cancel.signal.aborted ? cancel.signal.reason : thrown);
    if (json) io.out(JSON.stringify({ error: { code: error.code, message: error.message } }));
    else io.err(`${error.code}: ${error.message}${error.code === 'output-exists' ? FORCE_HINT : ''}`);
    if (error.code === 'internal' && process.env.INBETWEEN_DEBUG) io.err(String((thrown as Error).stack));
    return EXIT_STATUS[error.kind];
  }
}

/** `--library DIR` goes before everything else that reads INBETWEEN_HOME, whatever the verb. */
function takeLibrary(words: readonly string[]): string[] {
  const at = words.findIndex((word) => word === '--library' || word.startsWith('--library='));
  if (at < 0) return [...words];
  const inline = words[at]!.includes('=');
  const folder = inline ? words[at]!.slice('--library='.length) : words[at + 1];
  if (!folder) throw new AppError('usage', '--library needs the folder to use.');
  process.env.INBETWEEN_HOME = folder;
  return words.filter((_, i) => i !== at && (inline || i !== at + 1));
}

async function help(): Promise<string> {
  const verbs = await Promise.all(Object.values(VERBS).map((load) => load()));
  const rows = verbs.map((verb) => `  ${verb.name.padEnd(9)} ${verb.summary.split('\n')[0]}`);
  const home =
    '  --library DIR   where jobs, finished chunks and models are kept (INBETWEEN_HOME, else where the platform keeps data)';
  return ['inbetween VERB ... (VERB --help says more)', '', ...rows, '', 'For every verb:', home].join('\n');
}
