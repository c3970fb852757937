/** One GET with everything bounded: redirects, waiting, protocols. What a server says is not believed, only compared. */
import { request as requestHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { request as requestHttps, Agent as HttpsAgent } from 'node:https';
import { AppError } from '../../contract/errors.ts';

const MAX_REDIRECTS = 5;

export interface GetOptions {
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a server may stay silent, in milliseconds. */
  readonly stallMs: number;
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY (and in small letters). */
  readonly env: NodeJS.ProcessEnv;
}

/** An answer whose body has not been read; `body` must be read or destroyed. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: IncomingMessage;
  /** Where it came from after redirects. */
  readonly address: URL;
}

/** Something went wrong that another try may mend. */
export class PassingFault extends Error {
  /** The server asked to wait this long. */
  readonly waitMs: number | undefined;
  constructor(message: string, waitMs?: number) {
    super(message);
    this.name = 'PassingFault';
    this.waitMs = waitMs;
  }
}

/** The address for people: what it says of users and passwords is left out. */
export function printable(address: URL): string {
  const shown = new URL(address);
  shown.username = '';
  shown.password = '';
  shown.search = '';
  return shown.href;
}

/** Throws `address-refused` unless it is http(s). */
export function parseAddress(text: string, base?: URL): URL {
  const address = URL.parse(text, base?.href);
  if (address === null) throw new AppError('address-refused', `'${text}' is no address.`);
  if (address.protocol === 'https:' || address.protocol === 'http:') return address;
  throw new AppError('address-refused', `${printable(address)}: only https and http addresses are fetched.`);
}

/**
 * Sends the request and follows its redirects. Throws `address-refused` (a redirect to another protocol, or from https to http other
 * than this machine's own), `download-failed` (too many redirects), PassingFault for what may pass, the signal's reason.
 */
export async function get(address: URL, options: GetOptions): Promise<Answer> {
  let at = address;
  for (let redirects = 0; ; redirects++) {
    options.signal?.throwIfAborted();
    const answer = await send(at, options);
    const next = answer.headers.location;
    if (answer.status < 300 || answer.status > 399 || answer.status === 304 || next === undefined) return answer;
    answer.body.destroy();
    if (redirects === MAX_REDIRECTS)
      throw new AppError('download-failed', `${printable(address)} leads from one address to the next without end.`);
    at = redirected(at, next);
  }
}

/** Where a redirect leads. Throws `address-refused` for another protocol, and from https to http other than this machine's own. */
export function redirected(from: URL, location: string): URL {
  const to = parseAddress(location, from);
  if (from.protocol === 'https:' && to.protocol === 'http:' && !isLoopback(to)) {
    const sentence = `${printable(from)} leads to ${printable(to)}, which is not encrypted; it was not followed.`;
    throw new AppError('address-refused', sentence);
  }
  return to;
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function send(address: URL, { signal, headers, stallMs, env }: GetOptions): Promise<Answer> {
  const secure = address.protocol === 'https:';
  const agentOptions = { proxyEnv: proxyOf(env), keepAlive: false };
  return new Promise((resolve, reject) => {
    const request = (secure ? requestHttps : requestHttp)(address, {
      agent: secure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions),
      headers: { 'user-agent': 'inbetween', accept: '*/*', 'accept-encoding': 'identity', ...headers },
    });
    const silent = setTimeout(() => request.destroy(new PassingFault(silence(address, stallMs))), stallMs);
    const stop = (): void => void request.destroy(asError(signal?.reason));
    signal?.addEventListener('abort', stop, { once: true });
    request.on('error', (error) => {
      clearTimeout(silent);
      signal?.removeEventListener('abort', stop);
      reject(signal?.aborted ? asError(signal.reason) : asFault(address, error));
    });
    request.on('response', (body) => {
      clearTimeout(silent);
      // Whoever reads the body hears of its errors; one that comes before that must not end the process.
      body.on('error', () => {});
      body.once('close', () => signal?.removeEventListener('abort', stop));
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body, address });
    });
    request.end();
  });
}

export function silence(address: URL, stallMs: number): string {
  return `${address.host} sent nothing for ${Math.max(1, Math.round(stallMs / 1000))} s`;
}

/** A fault of the network as a PassingFault; its sentence is a clause. */
export function asFault(address: URL, error: unknown): Error {
  if (error instanceof PassingFault || error instanceof AppError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known: Readonly<Record<string, string>> = {
    ENOTFOUND: 'is not known by any name server',
    EAI_AGAIN: 'cannot be looked up: there seems to be no network',
    ECONNREFUSED: 'refuses the connection',
    ECONNRESET: 'broke the connection off',
    EPIPE: 'broke the connection off',
    ERR_STREAM_PREMATURE_CLOSE: 'broke the connection off',
    ETIMEDOUT: 'does not answer',
    ENETUNREACH: 'cannot be reached: there seems to be no network',
    EHOSTUNREACH: 'cannot be reached',
    CERT_HAS_EXPIRED: 'has a certificate that has expired',
  };
  const said = error instanceof Error ? error.message : String(error);
  return new PassingFault(`${address.host} ${known[code] ?? `cannot be read from (${said})`}`);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new AppError('cancelled', 'Cancelled.');
}

/** Node reads small letters first, so an empty one hides the other. */
function proxyOf(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['http_proxy', 'https_proxy', 'no_proxy'];
  const both = names.flatMap((name) => [name, name.toUpperCase()]);
  return Object.fromEntries(both.map((name) => [name, env[name]]).filter(([, value]) => value));
}
