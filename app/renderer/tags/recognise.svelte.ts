/** Recognising actions is asked for from the tags view and from the library: one dialog, in the shell. */
class Recognise {
  /** Ids of the clips; 'all' for the whole library. */
  clips: readonly string[] | 'all' | null = $state.raw(null);

  /** Where it was done before, too. */
  again = false;

  open(clips: readonly string[] | 'all', again = false): void {
    this.again = again;
    this.clips = clips;
  }

  close(): void {
    this.clips = null;
  }
}

export const recognise = new Recognise();
