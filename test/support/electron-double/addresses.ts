/**
 * Chromium cannot be taught a scheme from outside, so SCHEME://HOST/ is served on the loopback interface as http://HOST.SCHEME.localhost:PORT/: an origin for
 * each, as in Electron. Everything that crosses between page and main process has its addresses exchanged.
 */

export class Addresses {
  readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** Own addresses anywhere in a text, as the page knows them. */
  outward(text: string): string {
    return text.replaceAll(/\b(inbetween(?:-media)?):\/\/([a-z]+)/g, (_all, scheme, host) =>
      this.#origin(host, scheme),
    );
  }

  /** And back. */
  inward(text: string): string {
    const pattern = new RegExp(`http://([a-z]+)\\.(inbetween(?:-media)?)\\.localhost:${this.port}`, 'g');
    return text.replaceAll(pattern, (_all, host, scheme) => `${scheme}://${host}`);
  }

  /** Strings inside plain data. */
  outwardIn(value: unknown): unknown {
    if (typeof value === 'string') return this.outward(value);
    if (Array.isArray(value)) return value.map((each) => this.outwardIn(each));
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.outwardIn(each)]));
  }

  /** A Content-Security-Policy may name a whole scheme. */
  policy(text: string): string {
    return text.replaceAll(/\binbetween-media:(?!\/\/)/g, this.#origin('studio', 'inbetween-media'));
  }

  #origin(host: string, scheme: string): string {
    return `http://${host}.${scheme}.localhost:${this.port}`;
  }
}
