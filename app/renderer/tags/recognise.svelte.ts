/** Recognising actions is asked for from the tags view and from the library: one dialog, in the shell. */
class Recognise {
  /** Ids of the clips; 'all' for the whole library. */
  clips: readonly string[] | 'all' | null = $state.raw(null);

  open(clips: readonly string[] | 'all'): void {
    this.clips = clips;
  }

  close(): void {
    this.clips = null;
  }
}

export const recognise = new Recognise();
