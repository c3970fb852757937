/** The families of networks there are, one row each. */
import type { Family } from './family.ts';
import { sepconv } from './sepconv/index.ts';

export const FAMILIES: readonly Family[] = [sepconv];
