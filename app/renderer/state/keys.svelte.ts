/** Keys to actions: the actions that views offer now, and the one listener that runs them. */
import { untrack } from 'svelte';
import { ACTIONS, type ActionRow } from '../keys/actions.ts';
import { chordOf, showChord } from '../keys/chords.ts';
import { actionsByChord, keysOf } from '../keys/key-map.ts';
import { settings } from './settings.svelte.ts';

export interface Action extends ActionRow {
  run(): void;
  /** Not now, when it says false. */
  when?: (() => boolean) | undefined;
  /** It lasts as long as the key is held: called when that is let go, or the window loses the focus. */
  release?: (() => void) | undefined;
  /** A key that is held does it once: what says something of one thing must not go on to the next. */
  once?: boolean | undefined;
}

export const mac = /mac/i.test(navigator.platform);

class Keys {
  /** By id; the newest registration of an id wins. */
  #registered: readonly Action[] = $state.raw([]);
  /** What the keyboard's layout prints on a key, where the browser tells. */
  #layout: ReadonlyMap<string, string> | undefined = $state.raw();
  /** While a chord is recorded, nothing else happens. */
  paused = $state(false);
  readonly map = $derived(keysOf(settings.current.keys));
  readonly #byChord = $derived(actionsByChord(this.map));
  /** The key that is held, and what its letting go ends. */
  #held: { code: string; release(): void } | undefined;

  constructor() {
    window.addEventListener('keydown', (event) => this.#press(event));
    window.addEventListener('keydown', (event) => this.#pressEarly(event), true);
    window.addEventListener('keyup', ({ code }) => code === this.#held?.code && this.#letGo(), true);
    window.addEventListener('blur', () => this.#letGo());
    void readLayout().then((layout) => (this.#layout = layout));
  }

  register(actions: readonly Action[]): () => void {
    // Called in effects, which must not run again because of what they registered.
    untrack(() => (this.#registered = [...this.#registered, ...actions]));
    return () => untrack(() => (this.#registered = this.#registered.filter((action) => !actions.includes(action))));
  }

  /** The newest registration of an id that can be run now. */
  available(id: string): Action | undefined {
    return this.#registered.findLast((action) => action.id === id && (action.when?.() ?? true));
  }

  /** Everything that can be done now, each once, in the order of the table. */
  list(): Action[] {
    const ids = new Set([...ACTIONS.map(({ id }) => id), ...this.#registered.map(({ id }) => id)]);
    return [...ids].flatMap((id) => this.available(id) ?? []);
  }

  run(id: string): boolean {
    const action = this.available(id);
    action?.run();
    return action !== undefined;
  }

  show(chord: string): string {
    return showChord(chord, mac, this.#layout);
  }

  /** Before the button that was clicked hears of it: [Note: Space after a click]. */
  #pressEarly(event: KeyboardEvent): void {
    if (!focusedByPointer || (event.code !== 'Space' && event.code !== 'Enter')) return;
    if (!(event.target instanceof Element && event.target.closest(PRESSED))) return;
    this.#press(event);
    if (event.defaultPrevented) event.stopPropagation();
  }

  #press(event: KeyboardEvent): void {
    if (this.paused || event.defaultPrevented || event.isComposing) return;
    // A key that is held repeats itself.
    if (event.code === this.#held?.code) return event.preventDefault();
    const chord = chordOf(event, mac);
    if (chord === undefined || keepsKeyboard(event, chord)) return;
    for (const id of this.#byChord.get(chord) ?? []) {
      const action = this.available(id);
      if (!action) continue;
      event.preventDefault();
      if (event.repeat && action.once) return;
      action.run();
      const { release } = action;
      if (release) {
        this.#letGo();
        this.#held = { code: event.code, release };
      }
      return;
    }
  }

  #letGo(): void {
    const held = this.#held;
    this.#held = undefined;
    held?.release();
  }
}

export const keys = new Keys();

/** Offers actions while a view is there; returns what takes them back. */
export function registerActions(actions: readonly Action[]): () => void {
  return keys.register(actions);
}

/** For a tooltip: 'Ctrl+B', or '' where there is none. Reactive. */
export function shortcutOf(id: string): string {
  const chord = keys.map.get(id)?.[0];
  return chord === undefined ? '' : keys.show(chord);
}

/**
 * [Note: Space after a click] A button that was clicked keeps the focus, and would take the next Space, which is meant for playing. So Space and Enter
 * belong to what has the focus only where the focus was moved there by keys.
 */
let focusedByPointer = false;
let lastInput: 'pointer' | 'key' = 'key';
window.addEventListener(
  'pointerdown',
  () => {
    lastInput = 'pointer';
    focusedByPointer = true;
  },
  true,
);
window.addEventListener('keydown', () => (lastInput = 'key'), true);
window.addEventListener('focusin', () => (focusedByPointer = lastInput === 'pointer'), true);

/** What Space and Enter press. */
const PRESSED = 'button, a[href], summary, [role="option"], [role="tab"], [role="switch"]';

const TYPED = /^(?:text|search|number|password|email|url|tel|date|time|)$/;

/** Whether what has the focus needs this key itself: text fields need all that types or moves, menus and dialogs all but the chords with Mod. */
function keepsKeyboard(event: KeyboardEvent, chord: string): boolean {
  const target = event.target instanceof Element ? event.target : null;
  const field = target?.closest('input, textarea, select, [contenteditable=""], [contenteditable="true"]');
  const typing =
    field instanceof HTMLTextAreaElement ||
    field instanceof HTMLSelectElement ||
    (field instanceof HTMLElement && field.isContentEditable) ||
    (field instanceof HTMLInputElement && TYPED.test(field.type));
  if (typing) return true;
  if (document.querySelector('[role="dialog"][data-state="open"], [role="menu"][data-state="open"]')) {
    return true;
  }
  const plain = !chord.includes('Mod+') && !chord.includes('Alt+');
  if (!plain) return false;
  const code = event.code;
  if (code === 'Space' || code === 'Enter') {
    if (focusedByPointer) return false;
    return target?.closest(PRESSED) != null;
  }
  // What goes up and down has no use for left and right, and the other way round.
  const [across, along] = [/^Arrow(Left|Right)$/.test(code), /^Arrow(Up|Down)$/.test(code)];
  if (across && target?.closest('[role="listbox"][aria-orientation="vertical"]')) return false;
  if (along && target?.closest('[role="tablist"][aria-orientation="horizontal"]')) return false;
  if (/^(Arrow|Home|End|Page)/.test(code)) {
    return (
      target?.closest(
        '[role="slider"], [role="tablist"], [role="listbox"], [role="radiogroup"], [role="grid"], input',
      ) != null
    );
  }
  return false;
}

interface LayoutNavigator {
  keyboard?: { getLayoutMap(): Promise<ReadonlyMap<string, string>> };
}

async function readLayout(): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return await (navigator as Navigator & LayoutNavigator).keyboard?.getLayoutMap();
  } catch {
    return undefined;
  }
}
