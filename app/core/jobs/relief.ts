/**
 * What becomes of a job whose memory runs out: it goes on from the chunk it was in, taking less.
 *
 * [Note: the memory ladder] Whatever failed (an allocation in the engine, in ONNX Runtime or on its device, a thread, the whole process, ended
 * by V8 or by the system), the job's process ends and another is started one rung lower: that gives all memory back, and what was made
 * is in the chunk store. The rungs: tiles of half, then of a quarter of the memory; then one thread; then the CPU. Smaller tiles and another
 * device show in bytes, so chunks made on a rung have it in their keys; those of the rungs above count as well where they are there.
 */
import { AppError } from '../../contract/errors.ts';
import type { RetimeResult } from '../../contract/jobs.ts';

/** How much less than usual a job is to take. */
export interface Relief {
  /** Tiles need at most 1/shrink of what they would; frames that may be wanted again are kept in 1/shrink of the room. 1, 2, 4, ... */
  readonly shrink: number;
  readonly threads: number;
  /** Networks run on the CPU, whatever was chosen. */
  readonly cpu: boolean;
}

interface Rung extends Relief {
  /** 'with smaller tiles', for after 'The job goes on'. */
  readonly how: string;
}

/** The rungs below the first, which has `threads`. `device` is what the engine was last heard to run on. */
export function ladder(threads: number, device: string | undefined): readonly Rung[] {
  const onCpu = device === undefined || device.startsWith('cpu');
  const rungs: Rung[] = [
    { shrink: 2, threads, cpu: false, how: 'in tiles of half the memory' },
    { shrink: 4, threads, cpu: false, how: 'in tiles of a quarter of the memory' },
  ];
  if (threads > 1) rungs.push({ shrink: 4, threads: 1, cpu: false, how: 'on one thread, in tiles of a quarter' });
  if (!onCpu) rungs.push({ shrink: 4, threads: 1, cpu: true, how: 'on the CPU, on one thread, in tiles of a quarter' });
  return rungs;
}

export interface Descent {
  readonly threads: number;
  readonly signal: AbortSignal;
  /** What the engine was last heard to run on. */
  readonly device: () => string | undefined;
  readonly note: (message: string) => void;
}

/**
 * Does `work`, and again lower on the ladder each time memory runs out; the steps are added to the result's notes. Throws what `work` throws, and
 * 'out-of-memory' where the lowest rung is too high.
 */
export async function withRelief(
  { threads, signal, device, note }: Descent,
  work: (relief: Relief | undefined) => Promise<RetimeResult>,
): Promise<RetimeResult> {
  const steps: string[] = [];
  for (let step = 0; ; step++) {
    const rungs = ladder(threads, device());
    try {
      const result = await work(rungs[step - 1]);
      return { ...result, notes: [...result.notes, ...steps] };
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof AppError) || thrown.code !== 'out-of-memory') throw thrown;
      const next = rungs[step];
      if (next === undefined) throw exhausted(thrown);
      steps.push(`Memory ran out: the job went on ${next.how}; what was made before stays.`);
      note(steps.at(-1)!);
    }
  }
}

function exhausted(cause: AppError): AppError {
  return new AppError(
    'out-of-memory',
    'Memory ran out, even in small tiles and on one thread: end other programs, or choose a lighter engine (glide:draft, blend) or a ' +
      `smaller clip. What was made stays; run the job again to go on. ${cause.message}`,
    { cause },
  );
}
