/** What the app remembers of its window from one start to the next: a small file beside Chromium's own. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseJson } from '../core/base/json.ts';

export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const pixel = z.int().min(-100_000).max(100_000);
const stateSchema = z.object({
  bounds: z.object({ x: pixel, y: pixel, width: pixel, height: pixel }).optional(),
  maximised: z.boolean().default(false),
  fullscreen: z.boolean().default(false),
  /** Quit while jobs ran, with the promise to go on: done at the next start, once. */
  continueJobs: z.boolean().default(false),
});

export type WindowState = z.infer<typeof stateSchema>;

export const LEAST = { width: 900, height: 600 };
const USUAL = { width: 1440, height: 900 };

/** As it was left; as new where there is no such file, or one that cannot be read. */
export function readState(path: string): WindowState {
  try {
    const state = parseJson(stateSchema, readFileSync(path, 'utf8'));
    if (state) return state;
  } catch {
    // The first start.
  }
  return { maximised: false, fullscreen: false, continueJobs: false };
}

/**
 * Where to open a window that was at `kept`, given the work areas of the displays there are, the primary one first: where it was if enough of it can be seen and
 * grasped there, and no larger than the display; in the middle of the primary one otherwise.
 */
export function placeWindow(kept: Bounds | undefined, areas: readonly Bounds[]): Bounds {
  const area = kept && areas.find((each) => isReachable(kept, each));
  if (kept && area) {
    const width = clamp(kept.width, Math.min(LEAST.width, area.width), area.width);
    const height = clamp(kept.height, Math.min(LEAST.height, area.height), area.height);
    const x = clamp(kept.x, area.x - width + GRASP, area.x + area.width - GRASP);
    return { x, y: clamp(kept.y, area.y, area.y + area.height - GRASP), width, height };
  }
  const first = areas[0] ?? { x: 0, y: 0, ...USUAL };
  const width = Math.min(USUAL.width, first.width);
  const height = Math.min(USUAL.height, first.height);
  return {
    x: first.x + Math.round((first.width - width) / 2),
    y: first.y + Math.round((first.height - height) / 2),
    width,
    height,
  };
}

/** Pixels of a title bar with which a window can be moved. */
const GRASP = 100;

function isReachable({ x, y, width }: Bounds, area: Bounds): boolean {
  const seen = Math.min(x + width, area.x + area.width) - Math.max(x, area.x);
  return seen >= GRASP && y >= area.y - 10 && y <= area.y + area.height - GRASP;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
