/** The project or board that is open. */

interface Session {
  readonly id: string;
  /** After the connection was lost and found. */
  refresh(): Promise<void>;
  dispose(): void;
}

/** Kept while other views are shown and while a lost connection comes back, so that edits on their way are not lost with a view. */
export class OpenDocument<S extends Session> {
  session: S | null = $state.raw(null);
  readonly #open: (id: string) => Promise<S>;

  constructor(open: (id: string) => Promise<S>) {
    this.#open = open;
  }

  /** The session of a document; the one that is there where it is of this document. Throws what opening throws: 'project-unknown', 'board-unknown'. */
  async open(id: string): Promise<S> {
    const here = this.session;
    if (here?.id === id) {
      await here.refresh();
      return here;
    }
    this.close();
    this.session = await this.#open(id);
    return this.session;
  }

  close(): void {
    this.session?.dispose();
    this.session = null;
  }
}
