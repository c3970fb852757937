/** A process that is the app: `node run-studio.ts HOME [SPEC]` opens the studio, starts the batch of SPEC (JSON), and stays until it is killed. The queue as JSON lines on stdout. */
import type { Params } from '../../../app/contract/api.ts';
import { openStudio } from '../../../app/core/studio/open.ts';

const [library, spec] = process.argv.slice(2);
const studio = await openStudio({ library, media: '/media/', roots: null });
studio.topics.listen((topic, payload) => {
  if (topic === 'queue.changed') process.stdout.write(`${JSON.stringify(payload)}\n`);
});
if (spec !== undefined) {
  const answer = await studio.invoke('batch.start', { spec: JSON.parse(spec) } satisfies Params<'batch.start'>);
  if (!answer.ok) throw new Error(answer.error.message);
}
// Its timers keep no process alive.
setInterval(() => {}, 1000);
