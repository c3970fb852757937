/** Every edit of a sequence there is: pure functions from a state (and what the user wants) to changes. */
export * from './clip-edits.ts';
export * from './clock-edits.ts';
export * from './detail-edits.ts';
export * from './retime-edits.ts';
export { changesBetween, newId } from './draft.ts';
