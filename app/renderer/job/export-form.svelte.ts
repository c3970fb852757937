/** What the export dialog asks for, and the plan of it: asked for again whenever something changes, the last answer wins. */
import type { Codec, DeviceChoice } from '../../contract/jobs.ts';
import type { ExportOptions, ExportPlan, ExportPreset, ExportScope } from '../../contract/queue.ts';
import { client, messageOf } from '../state/connection.svelte.ts';

/** Milliseconds after the last change until a plan is asked for. */
const QUIET_MS = 250;
const PRESET_KEY = 'inbetween.export.preset';
const FOLDER_KEY = 'inbetween.export.folder';

/** Lowest and highest of each codec's own measure; the better end first. Those that are missing have none. */
export const QUALITY: Readonly<Partial<Record<Codec, { low: number; high: number; about: string }>>> = {
  h264: { low: 10, high: 32, about: 'CRF: lower is better and larger' },
  hevc: { low: 10, high: 34, about: 'CRF: lower is better and larger' },
  av1: { low: 15, high: 45, about: 'CRF: lower is better and larger' },
  vp9: { low: 15, high: 42, about: 'CRF: lower is better and larger' },
};

export class ExportForm {
  readonly project: string;
  presets: readonly ExportPreset[] = $state.raw([]);
  preset: string = $state(localStorage.getItem(PRESET_KEY) ?? 'h264');
  what: ExportScope['what'] = $state('sequence');
  handles = $state(12);
  /** A file, or for segments a folder. */
  file = $state('');
  folder = $state('');
  quality: number | null = $state(null);
  device: DeviceChoice = $state('auto');
  force = $state(false);
  plan: ExportPlan | null = $state.raw(null);
  /** Why there is no plan. */
  problem: string | null = $state(null);
  planning = $state(false);
  readonly #range: { from: number; to: number } | undefined;
  readonly #clips: readonly string[] | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  readonly chosen: ExportPreset | undefined = $derived(
    this.presets.find(({ id }) => id === this.preset) ?? this.presets[0],
  );
  readonly options: ExportOptions | null = $derived.by(() => {
    const { chosen } = this;
    const output = this.what === 'segments' ? this.folder : this.file;
    if (!chosen || output === '') return null;
    const { codec, container } = chosen;
    const quality = this.quality ?? chosen.quality;
    const { device, force } = this;
    return { scope: this.#scope(), output, codec, container, device, force, ...(quality !== undefined && { quality }) };
  });

  constructor(project: string, range: { from: number; to: number } | undefined, clips: readonly string[] | undefined) {
    this.project = project;
    this.#range = range;
    this.#clips = clips?.length ? clips : undefined;
    if (range) this.what = 'range';
  }

  get hasRange(): boolean {
    return this.#range !== undefined;
  }

  get chosenClips(): number {
    return this.#clips?.length ?? 0;
  }

  /** Asks for the presets, and finds a place for the file where none was chosen before: beside the first clip's. */
  async load(name: string, media: string | undefined): Promise<void> {
    this.presets = await client.call('export.presets', {});
    let folder = localStorage.getItem(FOLDER_KEY) ?? '';
    if (folder === '' && media !== undefined) {
      const [clip] = await client.call('library.get', { ids: [media] });
      folder = clip === undefined ? '' : clip.path.replace(/[/\\][^/\\]*$/, '');
    }
    // What was typed meanwhile stays.
    if (folder === '' || this.file !== '' || this.folder !== '') return;
    this.folder = folder;
    const separator = folder.includes('\\') ? '\\' : '/';
    this.file = `${folder}${separator}${fileName(name)}.${this.chosen?.container ?? 'mp4'}`;
  }

  choosePreset(id: string): void {
    this.preset = id;
    this.quality = null;
    const { chosen } = this;
    if (chosen && this.file !== '') this.file = this.file.replace(/(\.[A-Za-z0-9]{1,5})?$/, `.${chosen.container}`);
  }

  /** Asks for a plan before long. */
  ask(): void {
    clearTimeout(this.#timer);
    const { options } = this;
    this.#asked += 1;
    if (options === null) {
      [this.plan, this.problem, this.planning] = [null, null, false];
      return;
    }
    this.planning = true;
    this.#timer = setTimeout(() => void this.#plan(options, this.#asked), QUIET_MS);
  }

  async #plan(options: ExportOptions, asked: number): Promise<void> {
    let [plan, problem]: [ExportPlan | null, string | null] = [null, null];
    try {
      plan = await client.call('export.plan', { project: this.project, options });
    } catch (thrown) {
      problem = messageOf(thrown);
    }
    if (asked !== this.#asked) return;
    [this.plan, this.problem, this.planning] = [plan, problem, false];
  }

  /** Puts it into the queue; the jobs. Throws what was refused. */
  async start(): Promise<string[]> {
    const { options } = this;
    if (options === null) return [];
    const { jobs } = await client.call('export.start', { project: this.project, options });
    localStorage.setItem(PRESET_KEY, this.preset);
    const folder = this.what === 'segments' ? this.folder : this.file.replace(/[/\\][^/\\]*$/, '');
    localStorage.setItem(FOLDER_KEY, folder);
    return jobs;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
  }

  #scope(): ExportScope {
    if (this.what === 'range' && this.#range) return { what: 'range', ...this.#range };
    if (this.what !== 'segments') return { what: 'sequence' };
    const clips = this.#clips;
    return { what: 'segments', handles: this.handles, ...(clips && { clips: [...clips] }) };
  }
}

/** A project's name as the name of a file anywhere. */
function fileName(name: string): string {
  const plain = name.replaceAll(/[\p{Cc}<>:"/\\|?*]+/gu, '_').trim();
  return plain === '' ? 'export' : [...plain].slice(0, 60).join('');
}
