/**
 * Tooltips. [Note: tooltips] One element for all of them: a control only carries what to say, so that a timeline with hundreds of controls costs nothing.
 * A tooltip repeats the control's name and adds its shortcut; it is never the only place of something.
 */
import { shortcutOf } from '../state/keys.svelte.ts';

export type TipSide = 'top' | 'bottom' | 'left' | 'right';

interface Tip {
  target: HTMLElement;
  text: string;
  action: string | undefined;
  side: TipSide;
}

class Tips {
  shown: Tip | null = $state.raw(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #warmUntil = 0;

  offer(wanted: Tip, now: boolean): void {
    clearTimeout(this.#timer);
    const wait = now || performance.now() < this.#warmUntil ? 0 : 450;
    this.#timer = setTimeout(() => (this.shown = wanted), wait);
  }

  hide(): void {
    clearTimeout(this.#timer);
    if (!this.shown) return;
    this.#warmUntil = performance.now() + 400;
    // A control that is taken away while it has the focus loses it in the midst of an update, where no state may change.
    queueMicrotask(() => (this.shown = null));
  }
}

export const tips = new Tips();

/** The focus that somebody moves by Tab is followed by tooltips; one that a dialog sets is not. */
let tabbedUntil = 0;
window.addEventListener('keydown', ({ key }) => (tabbedUntil = key === 'Tab' ? performance.now() + 200 : 0), true);

/** Attachment: `{@attach tip('Split', 'edit.split')}` shows the text, and the shortcut of the action, on hover and on keyboard focus. */
export function tip(text: string, action?: string, side: TipSide = 'bottom'): (node: HTMLElement) => () => void {
  return (node) => {
    const offer = (now: boolean): void => tips.offer({ target: node, text, action, side }, now);
    const enter = (): void => offer(false);
    const focus = (): void => {
      if (performance.now() < tabbedUntil) offer(true);
    };
    const hide = (): void => tips.hide();
    node.addEventListener('pointerenter', enter);
    node.addEventListener('pointerleave', hide);
    node.addEventListener('pointerdown', hide);
    node.addEventListener('focus', focus);
    node.addEventListener('blur', hide);
    $effect(() => {
      const chord = action ? shortcutOf(action) : '';
      if (chord) node.setAttribute('aria-keyshortcuts', ariaKeys(chord));
      else node.removeAttribute('aria-keyshortcuts');
    });
    return () => {
      hide();
      node.removeEventListener('pointerenter', enter);
      node.removeEventListener('pointerleave', hide);
      node.removeEventListener('pointerdown', hide);
      node.removeEventListener('focus', focus);
      node.removeEventListener('blur', hide);
    };
  };
}

function ariaKeys(shown: string): string {
  return shown.replace('Ctrl', 'Control').replace('⌘', 'Meta+').replace('⌥', 'Alt+').replace('⇧', 'Shift+');
}
