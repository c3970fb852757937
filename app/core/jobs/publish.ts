/** Outputs: whose they are, and how they get into place. [Note: outputs] */
import { access, constants, mkdir, rmdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { JobSpec } from '../../contract/jobs.ts';
import { isErrno, syncFile, syncFolder } from '../base/durable.ts';
import { tagsFolder } from '../base/home.ts';
import type { Library } from '../library/db.ts';
import { identify, sameIdentity, sequenceFiles, type FileIdentity } from '../library/file-identity.ts';
import { pollLease } from '../library/leases.ts';
import {
  addOutputs,
  jobOutputs,
  keepOutputs,
  outputOnDisk,
  sameOutput,
  type OutputFile,
} from '../library/output-rows.ts';
import { NUMBER_PATTERN } from '../media/containers.ts';
import { place } from '../media/output-file.ts';
import { specInputs, specOutputs } from './spec.ts';

/**
 * [Note: outputs] A finished file is written down (path, size, time; renaming changes none of them) before it is renamed. So a job that was
 * killed between renaming and saying "done" finds its own file when it is resumed, and replaces it; a file that somebody else wrote, or
 * changed since, is never replaced unless the spec says `force`.
 */
export interface PublishContext {
  readonly db: Library;
  readonly job: string;
  readonly token: string;
  readonly spec: JobSpec;
  /** The inputs as they were when the job began. */
  readonly sources: readonly FileIdentity[];
  readonly signal: AbortSignal;
}

/** Puts verified files in place. Throws `output-exists`, `source-changed`, `output-folder`, `disk-full`, `job-busy` (lease lost). */
export async function publish(
  context: PublishContext,
  files: readonly { readonly from: string; readonly to: string }[],
): Promise<void> {
  const { db, job, token, spec, sources, signal } = context;
  const ours = new Set<string>();
  for (const { to } of files) if (await refuseForeign(db, job, to, spec.force)) ours.add(to);
  for (const source of sources) {
    if (sameIdentity(source, await identify(source.path))) continue;
    throw new AppError('source-changed', `${source.path} was changed while it was read; run the command again.`);
  }
  const written: OutputFile[] = [];
  for (const { from, to } of files) {
    await syncFile(from);
    const { size, mtimeNs } = await stat(from, { bigint: true });
    written.push({ path: to, bytes: Number(size), mtimeNs: String(mtimeNs) });
  }
  signal.throwIfAborted();
  db.write(() => {
    if (pollLease(db, job, token) === 'lost')
      throw new AppError('job-busy', 'Another process has taken this job over.');
    addOutputs(db, job, written);
  });
  // Where there was nothing, another job may have put its own since.
  for (const { from, to } of files) await place(from, to, spec.force || ours.has(to) || inLibrary(db, to));
  for (const folder of new Set(files.map(({ to }) => dirname(to)))) await syncFolder(folder);
  keepOutputs(db, job, written);
}

/** Whether there is a file of this job's own at `path`. Throws `output-exists` when there is another's. */
export async function refuseForeign(db: Library, job: string, path: string, force: boolean): Promise<boolean> {
  if (force || inLibrary(db, path)) return false;
  const found = await outputOnDisk(path);
  if (found === undefined) return false;
  const ours = jobOutputs(db, job).filter((output) => output.path === path);
  if (ours.some((output) => sameOutput(output, found))) return true;
  const why = ours.length === 0 ? 'exists already' : 'was changed after this job wrote it';
  throw new AppError('output-exists', `${path} ${why}.`);
}

/** What lies in the library's own folder is nobody else's. */
function inLibrary(db: Library, path: string): boolean {
  return dirname(path) === tagsFolder({ root: dirname(db.path) });
}

/** Outputs with these endings are sequences when their name has a number pattern; in other names it stands for itself. */
const IMAGES = /\.(png|exr|tiff?|jpe?g|dpx|bmp|webp)$/i;

/** Throws `output-is-input` when the output is one of the inputs, under whatever name: not even `force` may destroy a source. */
export async function refuseInputAsOutput(spec: JobSpec): Promise<void> {
  for (const output of specOutputs(spec)) {
    const to = await stat(output).catch(() => undefined);
    for (const input of specInputs(spec)) {
      const from = to && (await stat(input).catch(() => undefined));
      const same = from !== undefined && from.dev === to?.dev && from.ino === to.ino;
      if (!same && input !== output) continue;
      throw new AppError(
        'output-is-input',
        `The output ${output} is ${INPUT[spec.kind]}; write it under another name.`,
      );
    }
  }
}

/** What an output is that is one of the inputs. */
const INPUT: Readonly<Record<JobSpec['kind'], string>> = {
  retime: 'the input itself',
  sequence: 'one of its own sources',
  morph: 'one of its own stills',
  tag: 'the input itself',
};

/** Bytes of a file's name on the file systems there are. */
const LONGEST_NAME = 255;

/** Throws `output-folder` unless the outputs' folders are there and may be written to: said before hours of work, not after. */
export async function requireOutputFolder(spec: JobSpec): Promise<void> {
  for (const output of specOutputs(spec)) await requireFolderOf(output);
}

async function requireFolderOf(output: string): Promise<void> {
  const folder = dirname(output);
  if (Buffer.byteLength(basename(output)) > LONGEST_NAME) {
    throw new AppError('output-folder', `The name of ${output} is too long: a file's may have ${LONGEST_NAME} bytes.`);
  }
  try {
    await access(folder, constants.W_OK);
    if ((await stat(folder)).isDirectory()) return;
  } catch (cause) {
    const why = isErrno(cause, 'ENOENT', 'ENOTDIR') ? 'does not exist' : 'may not be written to';
    throw new AppError('output-folder', `The folder ${folder} for the output ${why}.`, { cause });
  }
  throw new AppError('output-folder', `${folder}, where the output should go, is not a folder.`);
}

/** Does `work` with the folder there that the frames of a morph go into (DIR/), made in one that is; it goes again where the work fails and left nothing in it. */
export async function withMorphFolder<T>({ kind, output }: JobSpec, work: () => Promise<T>): Promise<T> {
  const folder = kind === 'morph' && NUMBER_PATTERN.test(basename(output)) ? dirname(output) : undefined;
  const made =
    folder !== undefined &&
    (await mkdir(folder).then(
      () => true,
      () => false,
    ));
  try {
    return await work();
  } catch (error) {
    if (made) await rmdir(folder).catch(() => {});
    throw error;
  }
}

/** As `refuseForeign`, for all files a spec's output may mean: the path itself, or the images of a sequence. */
export async function refuseForeignOutput(db: Library, job: string, spec: JobSpec): Promise<void> {
  for (const output of specOutputs(spec)) await refuseForeign(db, job, output, spec.force);
  if (spec.force || !IMAGES.test(spec.output)) return;
  const images = await sequenceFiles(spec.output).catch(() => []);
  for (const image of images) await refuseForeign(db, job, image, spec.force);
}

/** Whether everything the job wrote is there, as it was written. */
export async function outputsIntact(db: Library, job: string): Promise<boolean> {
  const outputs = jobOutputs(db, job);
  for (const output of outputs) {
    const found = await outputOnDisk(output.path);
    if (found === undefined || !sameOutput(output, found)) return false;
  }
  return outputs.length > 0;
}
