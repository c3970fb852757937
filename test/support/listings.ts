/** What ffmpeg says of itself: a library asks it some ten questions before its first job, 0.06 s of CPU each. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Lends a test's own library the answers that the tests' common one has (home.ts). What cannot be lent is asked again. */
export function lendListings(home: string): void {
  const common = process.env['INBETWEEN_HOME'];
  if (common === undefined) return;
  const [from, to] = [common, home].map((root) => join(root, 'cache', 'ffmpeg')) as [string, string];
  if (existsSync(to) || !existsSync(from)) return;
  try {
    mkdirSync(to, { recursive: true });
    // Others are being written.
    for (const name of readdirSync(from)) if (name.endsWith('.txt')) copyFileSync(join(from, name), join(to, name));
  } catch {
    // A home that cannot be written to is what some tests are about.
  }
}
