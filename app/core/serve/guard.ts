/**
 * Who may talk to the local server. [Note: local server]
 *
 * A server on this machine is open to every program and to every page in the user's browser. So: it listens on the loopback interface unless told
 * otherwise; a request must name the host as we do (a page that rebinds its own name to 127.0.0.1 does not); what a browser says of its origin must
 * be ours; and everything but the first visit needs a cookie that only somebody who saw the printed address can have. The cookie is HttpOnly and
 * SameSite=Strict, so another page's requests come without it.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const COOKIE = 'inbetween';

export class Guard {
  /** 64 hex digits. */
  readonly token = randomBytes(32).toString('hex');
  readonly #hosts: ReadonlySet<string>;
  readonly #cookie: string;

  /** `hosts`: what the Host header may say, with the port. */
  constructor(hosts: readonly string[], port: number) {
    this.#hosts = new Set(hosts.map((host) => host.toLowerCase()));
    // A cookie does not know ports: two servers on one machine must not log each other out.
    this.#cookie = `${COOKIE}-${port}`;
  }

  /** Why a request is refused, or undefined. `crossOrigin`: a browser must say its origin (WebSocket, POST). */
  refusal(request: IncomingMessage, { needsOrigin = false, visit = false } = {}): string | undefined {
    const host = request.headers.host?.toLowerCase() ?? '';
    if (!this.#hosts.has(host)) return 'wrong host';
    const { origin } = request.headers;
    if (origin === undefined ? needsOrigin : !this.#isOwn(origin)) return 'wrong origin';
    const site = request.headers['sec-fetch-site'];
    // A link that was clicked elsewhere may lead to the first visit; nothing else may come from another site.
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && !visit) return 'wrong site';
    return visit || this.#hasCookie(request) ? undefined : 'no token';
  }

  /** Whether this is the secret. */
  isToken(word: string | null): boolean {
    const [a, b] = [Buffer.from(word ?? ''), Buffer.from(this.token)];
    return a.length === b.length && timingSafeEqual(a, b);
  }

  cookie(): string {
    return `${this.#cookie}=${this.token}; HttpOnly; SameSite=Strict; Path=/`;
  }

  #isOwn(origin: string): boolean {
    const match = /^http:\/\/(.+)$/.exec(origin.toLowerCase());
    return match !== null && this.#hosts.has(match[1]!);
  }

  #hasCookie(request: IncomingMessage): boolean {
    const words = (request.headers.cookie ?? '').split(';').map((word) => word.trim());
    const found = words.find((word) => word.startsWith(`${this.#cookie}=`));
    return this.isToken(found?.slice(this.#cookie.length + 1) ?? null);
  }
}
