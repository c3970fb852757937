/** A process that runs one job, as the command does: `node run-spec.ts HOME SPEC_JSON [TASKS_URL]`. Events as JSON lines on stdout. */
import { EXIT_STATUS, toAppError } from '../../app/contract/errors.ts';
import type { JobSpec } from '../../app/contract/jobs.ts';
import { openHome } from '../../app/core/base/home.ts';
import { runJob } from '../../app/core/jobs/runner.ts';
import { openLibrary } from '../../app/core/library/db.ts';

const [library, spec = '', tasks] = process.argv.slice(2);
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const threads = Number(process.env['INBETWEEN_TEST_THREADS'] ?? 1);
const cancel = new AbortController();
process.once('SIGINT', () => cancel.abort());
try {
  const home = await openHome({ library });
  using db = openLibrary(home);
  const more = { ...(tasks !== undefined && tasks !== '' && { tasks }), signal: cancel.signal };
  await runJob(JSON.parse(spec) as JobSpec, { db, home, threads, onEvent: say, ...more });
} catch (thrown) {
  const { code, message, kind } = toAppError(thrown);
  say({ type: 'ended', error: { code, message } });
  process.exitCode = EXIT_STATUS[kind];
}
