/** The families of networks there are, one row each. */
import { adaconv } from './adaconv/index.ts';
import { cvi } from './cvi/index.ts';
import type { Family } from './family.ts';
import { film } from './film/index.ts';
import { fomm } from './fomm/index.ts';
import { motion } from './motion/index.ts';
import { movinet } from './movinet/index.ts';
import { rife } from './rife/index.ts';
import { sepconv } from './sepconv/index.ts';

export const FAMILIES: readonly Family[] = [film, rife, sepconv, adaconv, cvi, fomm, motion, movinet];
