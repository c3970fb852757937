/** How far a job is, told as one fraction of all its stages. */
import type { JobStage } from '../../../contract/jobs.ts';
import type { TaskContext } from '../task.ts';

/** Where in the whole job, as fractions, each stage begins and ends: about their shares of the time. */
const STAGES: Record<JobStage, readonly [number, number]> = {
  probing: [0, 0.01],
  analysing: [0.01, 0.06],
  recognising: [0.06, 0.92],
  rendering: [0.06, 0.92],
  sound: [0.92, 0.94],
  writing: [0.94, 0.95],
  verifying: [0.95, 1],
};

export type Report = (
  stage: JobStage,
  done: number,
  total: number,
  unit?: 'frames' | 'seconds',
  device?: string | undefined,
) => void;

export function reporter({ emit }: Pick<TaskContext, 'emit'>): Report {
  return (stage, done, total, unit = 'frames', device) => {
    const [start, end] = STAGES[stage];
    const within = total > 0 ? Math.min(1, done / total) : 0;
    const fraction = start + (end - start) * within;
    emit({ type: 'progress', stage, fraction, done, total, unit, ...(device !== undefined && { device }) });
  };
}
