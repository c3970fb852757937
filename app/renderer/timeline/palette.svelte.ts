/** The theme's colours for what is drawn on canvases. Read once for each theme: asking the page's style in every frame would make it work it out in every frame. */

const NAMES = ['bg-2', 'text', 'text-2', 'text-3', 'real', 'held', 'between', 'suspect'] as const;
type Name = (typeof NAMES)[number];

class Palette {
  /** By token, without the dashes. */
  colours: Readonly<Record<Name, string>> = $state.raw(read());
  font: string = $state.raw(fontOf());

  constructor() {
    new MutationObserver(() => (this.colours = read())).observe(document.documentElement, {
      attributeFilter: ['data-theme'],
    });
  }
}

function read(): Record<Name, string> {
  const style = getComputedStyle(document.documentElement);
  const entries = NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  return Object.fromEntries(entries) as Record<Name, string>;
}

function fontOf(): string {
  return getComputedStyle(document.body).fontFamily;
}

export const palette = new Palette();
