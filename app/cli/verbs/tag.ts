/** `tag`: what happens in clips. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, extname, resolve } from 'node:path';
import { AppError, toAppError, type WireError } from '../../contract/errors.ts';
import type { RetimeResult } from '../../contract/jobs.ts';
import { SPAN_RULES, type SpanFact, type SpanRules, type TagSpec, type TagSummary } from '../../contract/tags.ts';
import { openApp, type App } from '../../core/app.ts';
import { deviceChoice } from '../../core/nn/device.ts';
import { knownLabels } from '../../core/tags/labels.ts';
import { chosenTagger } from '../../core/tags/request.ts';
import { requireNone } from '../../core/tags/span-export.ts';
import { clock, progressPrinter } from '../progress.ts';
import { number, parseWords } from '../slowmo-options.ts';
import { labelsOf, rulesOf, TAG_FLAGS, TAG_USAGE, tagItems, type TagItem, type TagOptions } from '../tag-options.ts';
import type { Verb, VerbIo } from '../verb.ts';
import { tellNotices } from './slowmo.ts';

/** Most clips at a time: each is a process with a network of its own. */
const MOST_LANES = 8;
const TOP = 5;

export const tag: Verb = {
  name: 'tag',
  summary: 'Recognise the actions in clips and folders: spans with labels, kept in the library',
  usage: TAG_USAGE,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: { ...TAG_FLAGS, output: { type: 'string', short: 'o' } },
      allowPositionals: true,
    });
    const { output, ...options } = values;
    if (positionals.length === 0) throw new AppError('usage', 'tag takes clips or folders: tag IN... [-o OUT].');
    if (options.plot !== undefined) return await plotLabel(positionals, options.plot, output, options, io);
    const shared = await sharedSpec(options);
    const { items, others, many } = await tagItems(positionals, output, options.format);
    // Threads are shared out between clips, so that none waits while another is decoded.
    if (many && options.overlay !== undefined) throw new AppError('usage', '--overlay is made of one clip.');
    const lanes = Math.max(1, Math.min(items.length, availableParallelism(), MOST_LANES));
    await using app = await openApp({ lanes });
    tellNotices(app, io);
    const [only] = items;
    if (!many && only) {
      const done = await tagOne(app, await specOf(app, only, shared), io, '');
      io.out(io.json ? JSON.stringify(done) : describeTags(done));
      return 0;
    }
    const outcomes = await eachClip(items, lanes, async (item, i) => {
      if (!io.json) io.err(`[${i + 1}/${items.length}] ${item.input}`);
      return await outcomeOf(app, item, shared, io);
    });
    return tellAll(outcomes, others, io);
  },
};

/** `--plot LABEL -o FILE.png`: scores that are in the library are drawn at once. */
async function plotLabel(
  inputs: readonly string[],
  wanted: string,
  output: string | undefined,
  options: TagOptions,
  io: VerbIo,
): Promise<number> {
  if (output === undefined || extname(output).toLowerCase() !== '.png')
    throw new AppError('usage', '--plot needs the picture to write: tag IN --plot LABEL -o FILE.png.');
  const { items, many } = await tagItems(inputs, undefined);
  const [item] = items;
  if (many || !item) throw new AppError('usage', '--plot is made of one clip.');
  const shared = await sharedSpec(options);
  const [label] = knownLabels([wanted], (await chosenTagger(options.engine)).labels, shared.engine) as [string];
  const picture = { label, output: resolve(output), force: options.force ?? false, signal: io.signal };
  if (!picture.force) await requireNone([picture.output]);
  await using app = await openApp();
  tellNotices(app, io);
  const spec = await specOf(app, item, shared);
  const progress = progressPrinter(io);
  const result = await app.run(spec, { signal: io.signal, onEvent: progress.listen }).finally(() => progress.end());
  await app.drawLabel(spec, result, picture);
  const { input, engine } = spec;
  io.out(io.json ? JSON.stringify({ input, engine, label, output: picture.output }) : picture.output);
  return 0;
}

type SharedSpec = Omit<TagSpec, 'input' | 'output' | 'title' | 'rules'> & {
  /** Absent where none were given: those kept for the clip hold. */
  readonly rules: SpanRules | undefined;
};

async function sharedSpec(options: TagOptions): Promise<SharedSpec> {
  const { engine, top, device, overlay, again = false, force = false } = options;
  const given = options.threshold !== undefined || options.rules !== undefined;
  const rules = given ? rulesOf(options) : undefined;
  const wanted = labelsOf(options.labels);
  const most = top === undefined ? TOP : number('top', top, 1, 1000);
  const tagger = await chosenTagger(engine);
  // Said once, before any work.
  knownLabels(Object.keys(rules?.labels ?? {}), tagger.labels, tagger.id);
  return {
    ...{ kind: 'tag', engine: tagger.id, rules, top: most, force },
    labels: wanted && knownLabels(wanted, tagger.labels, tagger.id),
    ...(device !== undefined && { device: deviceChoice(device) }),
    ...(overlay !== undefined && { overlay: resolve(overlay) }),
    ...(again && { again: new Date().toISOString() }),
  };
}

async function specOf(app: App, { input, output }: TagItem, shared: SharedSpec): Promise<TagSpec> {
  const rules = shared.rules ?? app.keptRules(input, shared.engine) ?? SPAN_RULES;
  const named = { ...shared, rules, title: basename(input), input };
  return { ...named, output: output ?? (await app.tagOutput(input, shared.engine)) };
}

/** One clip's summary with what a script may want to know of the job. */
interface Tagged extends TagSummary {
  /** null where the library alone has it. */
  readonly output: string | null;
  readonly overlay?: string;
  readonly device: string;
  /** Pictures looked at, those of earlier runs, and seconds it took. */
  readonly pictures: number;
  readonly reused: number;
  readonly seconds: number;
}

async function tagOne(app: App, spec: TagSpec, io: VerbIo, label: string): Promise<Tagged> {
  const progress = progressPrinter(io, label);
  try {
    const kept = await app.finished(spec);
    const result = kept ?? (await app.run(spec, { signal: io.signal, onEvent: progress.listen }));
    const { input, engine, version, top, spans } = app.tagged(spec, result);
    const own = result.output === (await app.tagOutput(input, engine));
    return {
      ...{ input, engine, version, top, spans, output: own ? null : result.output, device: result.device },
      ...(spec.overlay !== undefined && { overlay: spec.overlay }),
      ...{ pictures: result.frames, reused: kept ? result.frames : result.reusedFrames },
      seconds: kept ? 0 : result.seconds,
    };
  } finally {
    progress.end();
  }
}

type Outcome = { readonly input: string } & ({ readonly tagged: Tagged } | { readonly error: WireError });

async function outcomeOf(app: App, item: TagItem, shared: SharedSpec, io: VerbIo): Promise<Outcome> {
  try {
    if (item.output !== undefined) await makeFolder(dirname(item.output));
    const tagged = await tagOne(app, await specOf(app, item, shared), io, `${basename(item.input)}: `);
    if (!io.json) io.out(describeTags(tagged));
    return { input: item.input, tagged };
  } catch (thrown) {
    const { code, message, kind } = toAppError(thrown);
    if (kind === 'cancelled' || kind === 'usage') throw thrown;
    return { input: item.input, error: { code, message } };
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new AppError('output-folder', `The folder ${folder} could not be made.`, { cause });
  });
}

/** In order of starting, `width` at a time. The first throw stops new starts. */
async function eachClip<R>(
  items: readonly TagItem[],
  width: number,
  work: (item: TagItem, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index]!, index);
      } catch (thrown) {
        next = items.length;
        throw thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}

function tellAll(outcomes: readonly Outcome[], others: number, io: VerbIo): number {
  const failed = outcomes.filter((outcome) => 'error' in outcome);
  const tagged = outcomes.flatMap((outcome) => ('tagged' in outcome ? [outcome.tagged] : []));
  if (io.json) {
    io.out(JSON.stringify({ clips: tagged, failed, ignored: others }));
  } else {
    const left = others > 0 ? `, ${count(others, 'other file')} left alone` : '';
    io.out(`${count(tagged.length, 'clip')} tagged, ${failed.length} failed${left}.`);
    for (const { input, error } of failed) io.out(`  ${input}: ${error.code}: ${error.message}`);
  }
  return failed.length > 0 ? 4 : 0;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function describeTags({
  input,
  output,
  overlay,
  spans,
  top,
  engine,
  device,
  pictures,
  reused,
  seconds,
}: Tagged): string {
  const labels = new Set(spans.map(({ label }) => label)).size;
  const written = [output, overlay].filter((path) => path !== null && path !== undefined);
  const made = pictures - reused;
  const speed = made > 0 && seconds > 0 ? `, ${(made / seconds).toFixed(1)} pictures/s on ${device}` : '';
  const found =
    spans.length === 0 ? 'nothing was recognised' : `${count(spans.length, 'span')} of ${count(labels, 'label')}`;
  const from = made === 0 ? `from scores in the library` : `in ${clock(seconds)}${speed}`;
  return [
    `${basename(input)}: ${found} by ${engine}, ${from}${written.length > 0 ? ` -> ${written.join(', ')}` : ''}`,
    ...spans.map(spanLine),
    `  over the whole clip: ${top.map(({ label, score }) => `${label} ${score.toFixed(2)}`).join(', ') || 'nothing'}`,
  ].join('\n');
}

function spanLine({ label, start, end, score }: SpanFact): string {
  return `  ${moment(start)} to ${moment(end)}  ${score === null ? '    ' : score.toFixed(2)}  ${label}`;
}

/** 83.25 -> '1:23.3'. */
function moment(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  return `${clock(Math.floor(tenths / 10))}.${tenths % 10}`.padStart(7);
}

/** A finished tag job, for `jobs`. */
export function describeTagged({ output, engine, device, frames, reusedFrames, seconds, tags }: RetimeResult): string {
  const found = tags ? `${count(tags.spans, 'span')} of ${count(tags.labels, 'label')}` : 'spans';
  const reused = reusedFrames > 0 ? `, ${reusedFrames} from an earlier run` : '';
  return `${output}\n  ${found} by ${engine} on ${device}, ${frames} pictures looked at${reused}, ${clock(seconds)}`;
}
