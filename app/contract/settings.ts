/** What the user may choose once for all. Plain data, kept in the library. */
import type { DeviceChoice } from './jobs.ts';
import type { EngineScores } from './models.ts';

export const THEMES = ['system', 'dark', 'light'] as const;
export type Theme = (typeof THEMES)[number];

/** Key maps that hands know from elsewhere; 'custom' is one of them with changes. */
export const KEY_PRESETS = ['inbetween', 'premiere', 'resolve', 'finalcut', 'losslesscut'] as const;
export type KeyPreset = (typeof KEY_PRESETS)[number];

export interface Settings {
  theme: Theme;
  /** 'system' follows what the system says of motion. */
  motion: 'system' | 'reduced' | 'full';
  keys: {
    preset: KeyPreset;
    /** Action id to key chords, in place of the preset's; an empty list takes the keys away. */
    changed: Record<string, string[]>;
  };
  device: DeviceChoice;
  /** Engine of new clips on the timeline. */
  engine: string;
  /** Lines of previews and proxies. */
  previewHeight: 360 | 540 | 720;
  /** Bytes the chunk store is kept to. */
  cacheBytes: number;
  /** Jobs that a former run left unfinished go on by themselves. */
  continueJobs: boolean;
  /** A notification when a job is done or has failed. */
  notify: boolean;
  /** What is asked before leaving while a job runs. */
  askBeforeQuit: boolean;
}

export const DEFAULT_SETTINGS: Settings = {
  theme: 'system',
  motion: 'system',
  keys: { preset: 'inbetween', changed: {} },
  device: 'auto',
  engine: 'glide',
  previewHeight: 540,
  cacheBytes: 20e9,
  continueJobs: false,
  notify: true,
  askBeforeQuit: true,
};

export interface CacheStatus {
  /** Bytes of finished chunks, proxies, thumbnails, the models that were installed, and what recognisers said of clips. */
  chunks: number;
  proxies: number;
  thumbnails: number;
  models: number;
  scores: number;
  limit: number;
  free: number;
}

/** An engine as the models view and menus show it. */
export interface EngineSummary {
  id: string;
  name: string;
  summary: string;
  /** Needs a network, and so a device. */
  network: boolean;
  /** Null where none is published. */
  scores: EngineScores | null;
  /** Bytes of its weights; 0 for none. */
  bytes: number;
  licence: string;
  /** It cannot be removed: it is part of Inbetween. */
  embedded: boolean;
  /** Measured on this machine: milliseconds a frame at width x height; null until measured. */
  speed: { milliseconds: number; width: number; height: number; device: string; measuredAt: string } | null;
}

export interface DeviceSummary {
  id: string;
  name: string;
  works: boolean;
  /** Why not. */
  reason: string | null;
  /** What it takes to run there. */
  needs: string;
  /** Whether 'auto' considers it. */
  auto: boolean;
  /** No test of Inbetween has ever run on one. */
  untested: boolean;
  /** Milliseconds of a small network there and on the CPU, where it was tried. */
  trial: { milliseconds: number; cpuMilliseconds: number } | null;
}
