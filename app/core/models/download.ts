/**
 * Downloads of files whose content is known before. [Note: downloads]
 *
 * Bytes go to a partial ([Note: partial downloads]) and nothing reads them until the whole has the hash it should have. Faults that pass
 * are tried again, going on where it stopped; what cannot pass goes on with the next address. A resumed file that fails its hash is
 * fetched once more from its first byte: its beginning may be of another version.
 */
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../contract/errors.ts';
import { asDiskFull } from '../base/durable.ts';
import { requireSpace } from '../media/disk-space.ts';
import { hashFile, type Content } from '../nn/content.ts';
import { asFault, get, PassingFault, printable, silence, type Answer } from './http.ts';
import { claimPartial, type Partial } from './partial.ts';

/** What a file must be. Without a hash it is taken as it comes, at most `maxBytes` of it, and never resumed. */
export interface Wanted {
  /** For people: 'flownet.bin'. */
  readonly name: string;
  readonly gitBlobSha1?: string | undefined;
  readonly sha256?: string | undefined;
  readonly bytes?: number | undefined;
  /** More than this is refused. */
  readonly maxBytes: number;
}

/** How patient a download is. */
export interface Patience {
  /** A server that sends less than a kilobyte in this time has stalled; milliseconds. */
  readonly stallMs: number;
  /** Tries in a row that bring less than a megabyte each. */
  readonly attempts: number;
  /** Wait before the second try, doubled for each after it; milliseconds. */
  readonly backoffMs: number;
}

export const PATIENCE: Patience = { stallMs: 30_000, attempts: 4, backoffMs: 1000 };

/** A server that asks for a longer pause than this is not waited for. */
const LONGEST_PAUSE_MS = 60_000;
const MOVING_BYTES = 1024;
const PROGRESS_BYTES = 1 << 20;

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly patience: Patience;
  /** Bytes of this file so far, and in all when the server says so. */
  readonly onProgress: (done: number, total: number | undefined) => void;
}

/** A whole file of the right hash; the caller moves it away, then discards. */
export interface Downloaded {
  readonly path: string;
  readonly content: Content;
  discard(): Promise<void>;
}

/**
 * Downloads from the first of `addresses` that has it, into `folder`. Throws `download-failed`, `hash-mismatch`, `address-refused`,
 * `disk-space`, `disk-full`, the signal's reason; what is worth going on with is kept in `folder`, nothing else.
 */
export async function download(
  addresses: readonly URL[],
  wanted: Wanted,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  const key = wanted.sha256 ?? wanted.gitBlobSha1 ?? 'unhashed';
  const partial = await claimPartial(folder, key);
  let failure: unknown = new AppError('download-failed', `There is no address to download ${wanted.name} from.`);
  try {
    const here = await wholeAlready(partial, wanted, options.signal);
    if (here) return { path: partial.data, content: here, discard: partial.discard };
    for (const address of addresses) {
      try {
        const content = await fromAddress(address, wanted, partial, options);
        return { path: partial.data, content, discard: partial.discard };
      } catch (error) {
        if (!(error instanceof AppError) || !TRY_NEXT.has(error.code)) throw error;
        failure = error;
      }
    }
    throw failure;
  } catch (error) {
    await (isPinned(wanted) ? partial.keep() : partial.discard());
    throw error;
  }
}

const TRY_NEXT: ReadonlySet<string> = new Set(['download-failed', 'hash-mismatch', 'address-refused']);

function isPinned({ gitBlobSha1, sha256 }: Wanted): boolean {
  return gitBlobSha1 !== undefined || sha256 !== undefined;
}

/** What an earlier run brought to its end and did not come to use. */
async function wholeAlready(partial: Partial, wanted: Wanted, signal?: AbortSignal): Promise<Content | undefined> {
  if (!isPinned(wanted) || (await partial.size()) === 0) return undefined;
  const content = await hashFile(partial.data, { signal });
  return mismatch(wanted, content) === undefined ? content : undefined;
}

async function fromAddress(address: URL, wanted: Wanted, partial: Partial, options: DownloadOptions): Promise<Content> {
  for (let again = 0; ; again++) {
    const { resumed } = await fetchAll(address, wanted, partial, options);
    const content = await hashFile(partial.data, { signal: options.signal });
    const wrong = mismatch(wanted, content);
    if (wrong === undefined) return content;
    await partial.restart({ address: address.href });
    if (resumed && again === 0) continue;
    throw new AppError(
      'hash-mismatch',
      `${printable(address)} is not the published ${wanted.name}: ${wrong}. It was thrown away.`,
    );
  }
}

/** One clause on what differs, or undefined when it is what was wanted. */
export function mismatch(
  wanted: Pick<Wanted, 'bytes' | 'sha256' | 'gitBlobSha1'>,
  content: Content,
): string | undefined {
  if (wanted.bytes !== undefined && content.bytes !== wanted.bytes)
    return `it has ${content.bytes} bytes instead of ${wanted.bytes}`;
  if (wanted.sha256 !== undefined && content.sha256 !== wanted.sha256)
    return `its SHA-256 is ${content.sha256} instead of ${wanted.sha256}`;
  if (wanted.gitBlobSha1 !== undefined && content.gitBlobSha1 !== wanted.gitBlobSha1)
    return `its git hash is ${content.gitBlobSha1} instead of ${wanted.gitBlobSha1}`;
  return undefined;
}

/** Tries until the server has sent all. `resumed`: some of the bytes were here before this call or come from more than one answer. */
async function fetchAll(
  address: URL,
  wanted: Wanted,
  partial: Partial,
  options: DownloadOptions,
): Promise<{ resumed: boolean }> {
  const { patience, signal } = options;
  let resumed = false;
  for (let faults = 0; ;) {
    const before = await partial.size();
    try {
      const { from } = await fetchOnce(address, wanted, partial, options);
      return { resumed: resumed || from > 0 };
    } catch (error) {
      signal?.throwIfAborted();
      const fault = asFault(address, error);
      if (!(fault instanceof PassingFault)) throw fault;
      const gained = (await partial.size()) - before;
      faults = gained >= PROGRESS_BYTES ? 1 : faults + 1;
      resumed = true;
      const pause = Math.max(fault.waitMs ?? 0, patience.backoffMs * 2 ** (faults - 1));
      if (faults < patience.attempts && pause <= LONGEST_PAUSE_MS) await sleep(pause, undefined, { signal });
      else throw await givenUp(fault, wanted, partial);
    }
  }
}

async function givenUp(fault: PassingFault, wanted: Wanted, partial: Partial): Promise<AppError> {
  const here = await partial.size();
  const kept =
    here > 0 && isPinned(wanted) ? ` The ${here} bytes that came are kept; the same command goes on with them.` : '';
  const cause = { cause: fault };
  return new AppError('download-failed', `${wanted.name} could not be downloaded: ${fault.message}.${kept}`, cause);
}

/** One request. `from`: the byte it went on from. */
async function fetchOnce(
  address: URL,
  wanted: Wanted,
  partial: Partial,
  options: DownloadOptions,
): Promise<{ from: number }> {
  const { signal, env, patience } = options;
  const state = await partial.state();
  let have = await partial.size();
  const top = wanted.bytes ?? wanted.maxBytes;
  if (state === undefined || !isPinned(wanted) || have > top) have = 0;
  if (have > 0 && have === wanted.bytes) return { from: have };
  // A strong validator makes the server itself see to it that both parts are of one version; it is meaningless to another server.
  const etag = state?.address === address.href && state.etag?.startsWith('"') ? state.etag : undefined;
  const range = have > 0 ? { range: `bytes=${have}-`, ...(etag ? { 'if-range': etag } : {}) } : {};
  const answer = await get(address, { signal, env, stallMs: patience.stallMs, headers: range });
  try {
    const from = await startOf(answer, have, etag, partial, wanted);
    const total = totalOf(answer, from, wanted);
    await requireSpace([{ path: partial.data, bytes: (total ?? wanted.maxBytes) - from }]);
    if (from === 0) await partial.restart({ address: address.href, etag: answer.headers.etag });
    await receive(answer, partial, { from, top: Math.min(top, total ?? top), total, wanted }, options);
    return { from };
  } finally {
    answer.body.destroy();
  }
}

/** Where the body begins in the file: `have` or 0. Throws for every other answer. */
async function startOf(
  { status, headers, address }: Answer,
  have: number,
  etag: string | undefined,
  partial: Partial,
  wanted: Wanted,
): Promise<number> {
  const where = printable(address);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (status >= 200 && status < 300 && encoding !== 'identity')
    throw new AppError('download-failed', `${where} comes packed (${encoding}), which was not asked for.`);
  if (status === 200) return 0;
  if (status === 206 && have > 0) {
    const first = /^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1];
    const sameVersion = etag === undefined || headers.etag === undefined || headers.etag === etag;
    if (Number(first) === have && sameVersion) return have;
    await partial.restart({ address: address.href });
    throw new PassingFault(`${address.host} went on with other bytes than were asked for`);
  }
  if (status === 416) {
    await partial.restart({ address: address.href });
    throw new PassingFault(`${address.host} has no more bytes`);
  }
  if (status === 404 || status === 410)
    throw new AppError('download-failed', `${wanted.name} is not at ${where} (any more): status ${status}.`);
  if (status === 429 || status === 503 || status === 408 || status === 425 || status >= 500) {
    const seconds = Number(headers['retry-after'] ?? 0);
    const asks = seconds > 0 ? ` and asks to wait ${seconds} s` : '';
    throw new PassingFault(`${address.host} answers ${status}${asks}`, seconds > 0 ? seconds * 1000 : undefined);
  }
  throw new AppError('download-failed', `${address.host} refuses ${where} with status ${status}.`);
}

/** Bytes of the whole file as the server has it; undefined when it does not say. Throws when that cannot be the file. */
function totalOf({ status, headers, address }: Answer, from: number, wanted: Wanted): number | undefined {
  const said = status === 206 ? /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] : undefined;
  const length = headers['content-length'];
  const total = said !== undefined ? Number(said) : length !== undefined ? from + Number(length) : undefined;
  if (total === undefined || !Number.isSafeInteger(total)) return undefined;
  const where = printable(address);
  if (wanted.bytes !== undefined && total !== wanted.bytes)
    throw new AppError(
      'download-failed',
      `${where} has ${total} bytes; the published ${wanted.name} has ${wanted.bytes}.`,
    );
  if (total > wanted.maxBytes)
    throw new AppError('download-failed', `${where} has ${total} bytes, more than ${wanted.name} may have.`);
  return total;
}

interface Receiving {
  readonly from: number;
  readonly top: number;
  readonly total: number | undefined;
  readonly wanted: Wanted;
}

/** Writes the body behind what is there. Throws `download-failed` when it goes on past `top`, PassingFault when it stalls or breaks off. */
async function receive(
  { body, address }: Answer,
  partial: Partial,
  { from, top, total, wanted }: Receiving,
  { signal, patience, onProgress }: DownloadOptions,
): Promise<void> {
  let done = from;
  let looked = from;
  const watch = setInterval(() => {
    if (done - looked < MOVING_BYTES) body.destroy(new PassingFault(silence(address, patience.stallMs)));
    looked = done;
  }, patience.stallMs);
  const file = await open(partial.data, from === 0 ? 'w' : 'a');
  try {
    onProgress(done, total);
    for await (const piece of body as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      if (done + piece.length > top) {
        await partial.restart({ address: address.href });
        throw new AppError(
          'download-failed',
          `${printable(address)} does not end where ${wanted.name} should: after ${top} bytes.`,
        );
      }
      await file.appendFile(piece).catch((error: unknown) => {
        throw asDiskFull(error, partial.data);
      });
      done += piece.length;
      onProgress(done, total);
    }
  } finally {
    clearInterval(watch);
    await file.close();
  }
  const end = wanted.bytes ?? total;
  if (end !== undefined && done < end) throw new PassingFault(`${address.host} stopped after ${done} of ${end} bytes`);
}
