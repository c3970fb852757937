/**
 * What tells one RIFE 4.x network from another, as data. Sources: hzwer/Practical-RIFE and the definitions in HolyWu/vs-rife, as
 * laid out in the project's specification, section 6.
 */
import { AppError } from '../../../contract/errors.ts';

/** Features of each picture, computed once for it and warped with it (4.7 and later). */
export interface Encoder {
  /** How the checkpoint names its layers: encode.0, encode.2, ... or encode.cnn0, encode.cnn1, ... */
  readonly naming: 'sequence' | 'head';
  /** Convolutions before the transposed one; a single one has no activation. */
  readonly convolutions: 1 | 3;
  readonly hidden: number;
  /** Channels it gives, at the picture's own size. */
  readonly outputs: number;
}

export interface RifeConfig {
  /** Channels of each block, coarse to fine. */
  readonly widths: readonly number[];
  /** How much smaller than the picture each block works. */
  readonly scales: readonly number[];
  /** 'prelu' has a learned slope a channel, 'leaky' 0.2 for all. */
  readonly activation: 'prelu' | 'leaky';
  /** 'plain': convolution, activation. 'residual': activation of beta times the convolution plus what went in. */
  readonly body: 'plain' | 'residual';
  /** What goes into a block's body is added to what comes out. */
  readonly skip: boolean;
  /** Groups of channels of the body's convolutions. */
  readonly groups: number;
  /** Channels of the transposed convolution that ends a block: 5, or 4 times what the pixel shuffle after it leaves. */
  readonly last: number;
  /** Channels a block hands to the next besides flow and mask. */
  readonly carried: number;
  readonly encoder: Encoder | null;
  /** Whether a block's mask is added to the last one's or takes its place. */
  readonly mask: 'add' | 'replace';
}

/** How a network is run; the checkpoint does not say. */
export interface RifeOptions {
  /** Flow is estimated at this fraction of the published scales: 1/2 for pictures of 4K. A power of two from 1/4 to 4. */
  readonly scale?: number;
  /** Every block also sees the pictures swapped, and the two answers are averaged. Not with carried features (4.21 and later). */
  readonly ensemble?: boolean;
}

/** Throws 'usage' where a network cannot be run so. */
export function checkOptions({ carried }: RifeConfig, { scale = 1, ensemble = false }: RifeOptions): void {
  if (![0.25, 0.5, 1, 2, 4].includes(scale)) throw new AppError('usage', `RIFE runs at scales 1/4 to 4, not ${scale}.`);
  if (ensemble && carried > 0)
    throw new AppError('usage', 'RIFE from 4.21 on carries features from block to block, and has no ensemble.');
}

/** Convolutions in each block's body. */
export const DEPTH = 8;

/** Whether the block ends in a pixel shuffle by 2. */
export function shuffles({ last }: RifeConfig): boolean {
  return last !== 5;
}

/** Channels a block gives: flow 4, mask 1, and what is carried or unused. */
export function outputsOf(config: RifeConfig): number {
  return shuffles(config) ? config.last / 4 : config.last;
}

/** Channels that go into block `index`. */
export function inputsOf({ encoder, carried }: RifeConfig, index: number): number {
  const frames = 6 + 2 * (encoder?.outputs ?? 0);
  return index === 0 ? frames + 1 : frames + 1 + 1 + carried + 4;
}

/** A picture's sides must be multiples of this: the coarsest block halves twice more. */
export function multipleOf({ scales }: RifeConfig, scale = 1): number {
  const coarsest = Math.max(...scales) * 4;
  return Math.max(coarsest, coarsest / scale);
}

const FOUR = { widths: [192, 128, 96, 64], scales: [8, 4, 2, 1], groups: 1 } as const;
const PLAIN = { ...FOUR, body: 'plain', last: 5, carried: 0, encoder: null, mask: 'add' } as const;
const LEAKY = { ...PLAIN, activation: 'leaky', skip: false } as const;
const RESIDUAL = { ...LEAKY, body: 'residual' } as const;
const ENCODED = { ...RESIDUAL, last: 24, mask: 'replace' } as const;
const HEAD8 = { naming: 'head', convolutions: 3, hidden: 32, outputs: 8 } as const;
const HEAD4 = { naming: 'head', convolutions: 3, hidden: 16, outputs: 4 } as const;
const NARROW = { widths: [128, 96, 64, 48] } as const;
const CARRIED = { ...ENCODED, last: 52, carried: 8 } as const;
const FIVE = { widths: [192, 128, 96, 64, 32], scales: [16, 8, 4, 2, 1], encoder: HEAD4 } as const;

/** Every published network, by the versions that share it. */
export const PUBLISHED: readonly { readonly versions: string; readonly config: RifeConfig }[] = [
  { versions: '4.0, 4.1', config: { ...PLAIN, activation: 'prelu', skip: true } },
  { versions: '4.2 to 4.4', config: LEAKY },
  { versions: '4.5', config: { ...RESIDUAL, last: 20 } },
  { versions: '4.6', config: { ...RESIDUAL, last: 24 } },
  {
    versions: '4.7 to 4.9',
    config: { ...ENCODED, encoder: { naming: 'sequence', convolutions: 1, hidden: 16, outputs: 4 } },
  },
  { versions: '4.10 to 4.12', config: { ...ENCODED, encoder: { ...HEAD8, naming: 'sequence' } } },
  { versions: '4.13 to 4.19, 4.24', config: { ...ENCODED, encoder: HEAD8 } },
  {
    versions: '4.12-lite, 4.13-lite',
    config: { ...ENCODED, ...NARROW, encoder: { naming: 'sequence', convolutions: 3, hidden: 32, outputs: 4 } },
  },
  { versions: '4.14-lite', config: { ...ENCODED, groups: 2, encoder: HEAD8 } },
  { versions: '4.15-lite to 4.17-lite', config: { ...ENCODED, ...NARROW, encoder: HEAD4 } },
  { versions: '4.20', config: { ...ENCODED, widths: [384, 192, 96, 48], encoder: HEAD8 } },
  { versions: '4.21 to 4.23', config: { ...CARRIED, widths: [256, 192, 96, 48], encoder: HEAD8 } },
  { versions: '4.22-lite', config: { ...CARRIED, widths: [192, 128, 64, 32], encoder: HEAD4 } },
  { versions: '4.25, 4.26', config: { ...CARRIED, ...FIVE } },
  {
    versions: '4.25-lite',
    config: { ...CARRIED, ...FIVE, widths: [192, 128, 96, 64, 24], scales: [32, 16, 8, 4, 1] },
  },
  { versions: '4.25-heavy', config: { ...CARRIED, ...FIVE, widths: [384, 256, 192, 128, 64] } },
  { versions: '4.26-heavy, 4.26-large', config: { ...CARRIED, ...FIVE, encoder: { ...HEAD4, outputs: 16 } } },
];

/** The published versions whose network this is; undefined for one of other widths. */
export function versionsOf(config: RifeConfig): string | undefined {
  const same = (a: unknown, b: unknown): boolean => {
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => same(Reflect.get(a, key), Reflect.get(b, key)));
  };
  return PUBLISHED.find((row) => same(row.config, config))?.versions;
}
