/** The families of networks there are, one row each. */
import type { Family } from './family.ts';

export const FAMILIES: readonly Family[] = [];
