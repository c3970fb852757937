/** The sequence task. */
import { AppError } from '../../../contract/errors.ts';
import type { SequenceSpec } from '../../../contract/jobs.ts';
import type { Task } from '../task.ts';

export const sequence: Task<SequenceSpec> = async () => {
  throw new AppError('internal', 'Sequences cannot be rendered yet.');
};
