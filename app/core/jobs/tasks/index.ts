/** The code behind each kind of job, loaded when one runs. */
import type { TaskTable } from '../task.ts';

export const TASKS: TaskTable = {
  morph: async () => (await import('./morph.ts')).morph,
  retime: async () => (await import('./retime.ts')).retime,
  sequence: async () => (await import('./sequence.ts')).sequence,
  tag: async () => (await import('./tag.ts')).tag,
};
