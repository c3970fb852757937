/** Found spans as files: films of each, or lists for other programs. What is in the way is said before anything is written. */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { RetimeSpec } from '../../contract/jobs.ts';
import type { SpanExport, SpanHit } from '../../contract/tags.ts';
import { clipById } from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import { asOutputError, renameIntoPlace, withTemporary } from '../media/output-file.ts';
import type { SourceTiming } from '../time/regular.ts';
import { checkShape, cutOut, slowed, type SlowShape } from './span-jobs.ts';
import { clipStems, spanOutputs, type SpanOfClip } from './span-names.ts';
import { spansCsv, spansEdl, spansSrt, spansVtt } from './write.ts';

/** Files that one export makes at most: more is a slip of the query. */
const MOST_FILES = 1000;

/** A film of a span, as a job. */
export interface SpanJob<Of extends SpanOfClip = SpanOfClip> {
  readonly span: Of;
  /** Absolute. */
  readonly output: string;
  /** Throws what looking at the clip throws: it is decoded once, unless that was done before. */
  plan(): Promise<RetimeSpec>;
}

export interface SpanFilms {
  readonly what: 'clips' | 'slow';
  readonly folder: string;
  readonly shape: SlowShape;
  /** Everything but which part is shown, and how fast. */
  readonly specOf: (input: string, output: string) => Promise<RetimeSpec>;
  readonly timingOf: (span: SpanOfClip) => Promise<SourceTiming>;
}

/** The jobs that make a film of each span in a folder, named by clip, label and number. Throws 'usage', 'not-found' for none, 'too-large' for too many. */
export function spanFilms<Of extends SpanOfClip>(spans: readonly Of[], films: SpanFilms): SpanJob<Of>[] {
  requireSome(spans);
  checkShape(films.shape);
  return spanOutputs(spans, resolve(films.folder)).map((output, i) => {
    const span = spans[i]!;
    return {
      ...{ span, output },
      plan: async () => {
        const spec = await films.specOf(span.clipPath, output);
        const timing = await films.timingOf(span);
        if (films.what === 'slow') return slowed(spec, span, timing, films.shape);
        return cutOut(spec, span, timing, films.shape.lead);
      },
    };
  });
}

/** Throws 'output-exists' for the first of the files that is there. */
export async function requireNone(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (await stat(path).catch(() => undefined)) throw new AppError('output-exists', `${path} exists already.`);
  }
}

export interface SpanLists {
  readonly what: Exclude<SpanExport, 'clips' | 'slow'>;
  /** A file, or for several clips a folder, which is made. */
  readonly to: string;
  readonly force: boolean;
}

/** Writes the spans as lists, a file for each clip; their paths. Throws 'not-found' for none, 'output-format', 'output-exists', 'output-folder', 'clip-unknown'. */
export async function writeSpanLists(db: Library, spans: readonly SpanHit[], options: SpanLists): Promise<string[]> {
  requireSome(spans);
  const { what, force } = options;
  const stems = clipStems(spans);
  const paths = await listPaths([...stems.values()], options);
  if (!force) await requireNone(paths);
  for (const [i, clip] of [...stems.keys()].entries()) {
    const text = listText(
      db,
      what,
      clip,
      spans.filter((span) => span.clip === clip),
    );
    const path = paths[i]!;
    await withTemporary(path, async (temporary) => {
      await writeFile(temporary, text).catch((error: unknown) => {
        throw asOutputError(error, path);
      });
      await renameIntoPlace(temporary, path, { force });
    });
  }
  return paths;
}

async function listPaths(stems: readonly string[], { what, to }: SpanLists): Promise<string[]> {
  const path = resolve(to);
  const isFolder = /[/\\]$/.test(to) || ((await stat(path).catch(() => undefined))?.isDirectory() ?? false);
  const named = extname(path).toLowerCase() === `.${what}`;
  if (isFolder || (stems.length > 1 && !named)) {
    await mkdir(path, { recursive: true }).catch((cause: unknown) => {
      throw new AppError('output-folder', `The folder ${path} could not be made.`, { cause });
    });
    return stems.map((stem) => join(path, `${stem}.${what}`));
  }
  if (stems.length > 1) {
    throw new AppError(
      'output-format',
      `These spans lie in ${stems.length} clips, and each has a file of its own: say a folder instead of ${basename(path)}.`,
    );
  }
  if (named) return [path];
  throw new AppError('output-format', `The file ${basename(path)} does not end in .${what}, as such a list does.`);
}

function listText(db: Library, what: SpanLists['what'], id: string, spans: readonly SpanHit[]): string {
  const byStart = spans.toSorted((a, b) => a.start - b.start || a.end - b.end);
  if (what === 'csv') return spansCsv(byStart);
  if (what === 'vtt') return spansVtt(byStart);
  if (what === 'srt') return spansSrt(byStart);
  const clip = clipById(db, id);
  if (!clip) throw new AppError('clip-unknown', 'That clip is not in the library any more.');
  if (what === 'edl') return spansEdl(byStart, clip);
  const facts = byStart.map(({ label, start, end, score, state, engine, version }) => ({
    ...{ label, start, end, score, state, engine, version },
  }));
  return `${JSON.stringify({ input: clip.path, spans: facts }, undefined, 1)}\n`;
}

function requireSome(spans: readonly unknown[]): void {
  if (spans.length === 0) throw new AppError('not-found', 'Nothing in the library matches: there are no such spans.');
  if (spans.length <= MOST_FILES) return;
  throw new AppError(
    'too-large',
    `That would be ${spans.length} spans, and an export takes ${MOST_FILES}: narrow the search.`,
  );
}
