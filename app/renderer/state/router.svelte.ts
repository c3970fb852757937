/** Which view is shown. It stands in the address (#/edit/PROJECT), so that back, forward and reload do what they should. */

export const VIEWS = ['library', 'edit', 'morph', 'tags', 'batch', 'pair', 'queue', 'models', 'settings'] as const;
export type View = (typeof VIEWS)[number];

class Router {
  view: View = $state('library');
  /** What the view is about: a project's id in 'edit'. */
  id: string | null = $state(null);

  constructor() {
    this.#read();
    window.addEventListener('hashchange', () => this.#read());
  }

  go(view: View, id: string | null = null): void {
    location.hash = id === null ? `#/${view}` : `#/${view}/${encodeURIComponent(id)}`;
    this.#read();
  }

  #read(): void {
    const [, view, id] = location.hash.split('/');
    this.view = VIEWS.find((name) => name === view) ?? 'library';
    this.id = id ? decoded(id) : null;
  }
}

function decoded(word: string): string | null {
  try {
    return decodeURIComponent(word);
  } catch {
    return null;
  }
}

export const router = new Router();
