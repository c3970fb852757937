/** A process that runs one counting job, as the command does: `node run-count.ts HOME INPUT OUTPUT [force]`. Events as JSON lines on stdout. */
import { toAppError, EXIT_STATUS } from '../../../app/contract/errors.ts';
import { openHome } from '../../../app/core/base/home.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { countSpec, TASKS_URL } from './support.ts';

const [library, input = '', output = '', force] = process.argv.slice(2);
const cancel = new AbortController();
process.once('SIGINT', () => cancel.abort());
const home = await openHome({ library });
const db = openLibrary(home);
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
try {
  await runJob(countSpec(input, output, { force: force === 'force' }), {
    db,
    home,
    tasks: TASKS_URL,
    signal: cancel.signal,
    onEvent: say,
  });
} catch (thrown) {
  process.exitCode = EXIT_STATUS[toAppError(thrown).kind];
} finally {
  db.close();
}
