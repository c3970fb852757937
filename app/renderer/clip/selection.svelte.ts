/** Which clips are selected, and where the keyboard is. Places are indexes of the list as it is sorted and filtered now. */
import { attempt } from '../state/toasts.svelte.ts';
import type { ClipList } from './library.svelte.ts';

export class ClipSelection {
  ids: ReadonlySet<string> = $state.raw(new Set());
  /** Where the keyboard is; -1 for nowhere. */
  cursor = $state(-1);
  /** Where a range begins. */
  #anchor = 0;
  readonly #list: ClipList;

  constructor(list: ClipList) {
    this.#list = list;
  }

  /** Only this one. */
  only(index: number): void {
    const clip = this.#list.at(index);
    this.cursor = this.#anchor = index;
    this.ids = new Set(clip ? [clip.id] : []);
    // The End key leads to where nothing is loaded yet.
    if (!clip) void this.extend(index);
  }

  toggle(index: number): void {
    const clip = this.#list.at(index);
    this.cursor = this.#anchor = index;
    if (!clip) return;
    const ids = new Set(this.ids);
    if (!ids.delete(clip.id)) ids.add(clip.id);
    this.ids = ids;
  }

  /** All from where the last range began. */
  async extend(index: number): Promise<void> {
    this.cursor = index;
    const [from, to] = [Math.min(this.#anchor, index), Math.max(this.#anchor, index)];
    const ids = await attempt(() => this.#list.ids(from, to));
    if (ids && this.cursor === index) this.ids = new Set(ids);
  }

  async all(): Promise<void> {
    const ids = await attempt(() => this.#list.ids(0, this.#list.total - 1));
    if (ids) this.ids = new Set(ids);
  }

  clear(): void {
    this.ids = new Set();
  }

  /** A click, as lists know it. */
  click(index: number, { shiftKey, ctrlKey, metaKey }: MouseEvent): void {
    if (shiftKey) void this.extend(index);
    else if (ctrlKey || metaKey) this.toggle(index);
    else this.only(index);
  }

  /** Where the keyboard goes from here; undefined for a key that means nothing here. */
  target(event: KeyboardEvent, columns: number, rows: number): number | undefined {
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      PageUp: -columns * rows,
      PageDown: columns * rows,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    const { total } = this.#list;
    if (step === undefined || total === 0) return undefined;
    if (this.cursor < 0) return step > 0 && Number.isFinite(step) ? 0 : step > 0 ? total - 1 : 0;
    const to = this.cursor + step;
    // From the last full row down there may be nothing below: stay, but for a last row that is not full.
    if (event.key === 'ArrowUp' && to < 0) return this.cursor;
    return Math.max(0, Math.min(total - 1, to));
  }
}
