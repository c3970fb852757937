/** What the batch form asks for, and what it would find. */
import type { AudioMode, Codec } from '../../contract/jobs.ts';
import type { BatchFile, BatchRecipe, BatchSpec, ExportPreset } from '../../contract/queue.ts';
import { client, messageOf } from '../state/connection.svelte.ts';

const QUIET_MS = 300;

/** Speeds of playback in percent. */
export const SPEEDS = ['50', '25', '12.5', '10', '200', '-100'] as const;
export type Speed = (typeof SPEEDS)[number];

export const SPEED_OPTIONS = SPEEDS.map((value) => ({
  value,
  label: value === '-100' ? 'Backwards' : `${value} %`,
  hint: Number(value) > 0 && Number(value) < 100 ? `${100 / Number(value)} times as long` : '',
}));

/** How the frames change. */
export const HOWS = [
  { value: 'slow', label: 'Another speed' },
  { value: 'times', label: 'More frames, same length' },
  { value: 'rate', label: 'A frame rate, same length' },
] as const;
export type How = (typeof HOWS)[number]['value'];

/** A file's own choices; '' is the recipe's. */
export interface Override {
  out: boolean;
  speed: Speed | '';
  engine: string;
}

export class BatchForm {
  input = $state('');
  output = $state('');
  how: How = $state('slow');
  speed: Speed = $state('25');
  factor: '2' | '3' | '4' | '8' = $state('2');
  fps = $state(60);
  engine = $state('glide');
  /** Id of a preset, or '' for what carries the source. */
  preset = $state('');
  audio: AudioMode | 'auto' = $state('auto');
  recursive = $state(true);
  watch = $state(false);
  presets: readonly ExportPreset[] = $state.raw([]);
  overrides: Readonly<Record<string, Override>> = $state.raw({});
  files: readonly BatchFile[] = $state.raw([]);
  notes: readonly string[] = $state.raw([]);
  problem: string | null = $state(null);
  planning = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  readonly spec: BatchSpec | null = $derived.by(() => {
    const { input, output, recursive, watch } = this;
    if (input === '' || output === '') return null;
    return { input, output, recipe: this.#recipe(), recursive, watch, overrides: this.#changes() };
  });

  override(path: string): Override {
    return this.overrides[path] ?? { out: false, speed: '', engine: '' };
  }

  change(path: string, changes: Partial<Override>): void {
    this.overrides = { ...this.overrides, [path]: { ...this.override(path), ...changes } };
  }

  ask(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const { spec } = this;
    if (spec === null) {
      [this.files, this.notes, this.problem, this.planning] = [[], [], null, false];
      return;
    }
    this.planning = true;
    this.#timer = setTimeout(() => void this.#plan(spec, this.#asked), QUIET_MS);
  }

  async start(): Promise<void> {
    if (this.spec === null) return;
    await client.call('batch.start', { spec: this.spec });
    [this.input, this.overrides] = ['', {}];
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
  }

  async #plan(spec: BatchSpec, asked: number): Promise<void> {
    let plan: { files: readonly BatchFile[]; notes: readonly string[] } = { files: [], notes: [] };
    let problem: string | null = null;
    try {
      plan = await client.call('batch.plan', { spec });
    } catch (thrown) {
      problem = messageOf(thrown);
    }
    if (asked !== this.#asked) return;
    [this.files, this.notes, this.problem, this.planning] = [plan.files, plan.notes, problem, false];
  }

  #recipe(): BatchRecipe {
    const chosen = this.presets.find(({ id }) => id === this.preset);
    const base = {
      speed: this.how === 'slow' ? speedOf(this.speed) : { num: 1, den: 1 },
      factor: this.how === 'times' ? Number(this.factor) : 1,
      engine: this.engine,
      ...(this.how === 'rate' && { fps: rateOf(this.fps) }),
      ...(this.audio !== 'auto' && { audio: this.audio }),
    };
    return chosen ? { ...base, ...formatOf(chosen) } : base;
  }

  #changes(): BatchSpec['overrides'] {
    const changes: BatchSpec['overrides'] = {};
    for (const [path, { out, speed, engine }] of Object.entries(this.overrides)) {
      const own = { ...(speed !== '' && { speed: speedOf(speed) }), ...(engine !== '' && { engine }) };
      if (out) changes[path] = null;
      else if (Object.keys(own).length > 0) changes[path] = own;
    }
    return changes;
  }
}

function formatOf(preset: ExportPreset): { codec: Codec; container: string; quality?: number } {
  const { codec, container, quality } = preset;
  return { codec, container, ...(quality !== undefined && { quality }) };
}

function speedOf(percent: Speed): { num: number; den: number } {
  return { num: Number(percent) * 10, den: 1000 };
}

/** 23.976 and its kin are what they stand for: thousands over 1001. */
function rateOf(fps: number): { num: number; den: number } {
  const ntsc = Math.round(fps * 1.001);
  if (Math.abs((ntsc * 1000) / 1001 - fps) < 0.002) return { num: ntsc * 1000, den: 1001 };
  return { num: Math.round(fps * 1000), den: 1000 };
}
