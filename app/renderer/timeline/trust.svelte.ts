/** What the timeline says of clips' frames: how each comes about, and how far it can be trusted; and the walk through the doubtful ones. */
import type { ClipPreview } from '../../contract/preview.ts';
import { clipAt } from '../../core/sequence/geometry.ts';
import type { TimelineClip } from '../../contract/project.ts';
import type { ProjectSession } from '../state/project.svelte.ts';
import { suspectsOf, SuspectWalk, type Suspect } from './suspicion.ts';

/** The plans of a project's clips, by id; state/plans.svelte.ts keeps them. */
export interface ClipPlans {
  readonly ready: ReadonlyMap<string, { readonly preview: ClipPreview }>;
  /** 0..1. */
  readonly analysing: ReadonlyMap<string, number>;
  /** Why there is none. */
  readonly failed: ReadonlyMap<string, string>;
}

/** A shown frame of a clip. */
export interface ShownFrame {
  clip: TimelineClip;
  preview: ClipPreview;
  /** Counted from the clip's first shown frame. */
  index: number;
}

export class TrustStore {
  readonly #session: ProjectSession;
  readonly plans: ClipPlans;
  readonly #walk = new SuspectWalk();
  /** Frames to look at, worst first, of all clips that are known. */
  readonly suspects: readonly Suspect[] = $derived.by(() =>
    suspectsOf(Object.values(this.#session.doc.state.clips), (id) => this.preview(id)),
  );

  constructor(session: ProjectSession, plans: ClipPlans) {
    this.#session = session;
    this.plans = plans;
  }

  preview(clip: string): ClipPreview | undefined {
    return this.plans.ready.get(clip)?.preview;
  }

  /** Why there is no plan of a clip yet; empty where nothing is known. */
  words(clip: string): string {
    const fraction = this.plans.analysing.get(clip);
    return this.plans.failed.get(clip) ?? (fraction === undefined ? '' : `Analysing ${Math.round(fraction * 100)} %`);
  }

  /** The frame of a clip at a frame of the sequence, where its plan is known. */
  at(frame: number): ShownFrame | null {
    const clip = clipAt(this.#session.doc.state, frame);
    const preview = clip && this.preview(clip.id);
    return clip && preview ? { clip, preview, index: frame - clip.start } : null;
  }

  next(): Suspect | null {
    return this.#walk.next(this.suspects);
  }

  previous(): Suspect | null {
    return this.#walk.previous(this.suspects);
  }
}
