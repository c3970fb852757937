/** By which names a server that listens on an address may be called. */
import { networkInterfaces } from 'node:os';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** Values the Host header may have, with the port. */
export function hostNames(host: string, port: number): string[] {
  const everywhere = host === '0.0.0.0' || host === '::';
  const own = everywhere ? addresses() : [host.includes(':') ? `[${host}]` : host];
  return [...new Set([...LOOPBACK, ...own])].flatMap((name) =>
    port === 80 ? [name, `${name}:80`] : [`${name}:${port}`],
  );
}

function addresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
}
