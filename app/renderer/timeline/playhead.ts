/** What the timeline needs of a player: state/player.svelte.ts is one. */
export interface Playhead {
  /** Reactive; whole while stopped. */
  readonly frame: number;
  readonly playing: boolean;
  seek(frame: number): void;
}
