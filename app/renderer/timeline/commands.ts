/** What can be done on the timeline by a key, a button or a menu: one function each, at the playhead or on the selection. */
import { TICKS } from '../../contract/time.ts';
import type { TimelineClip } from '../../contract/project.ts';
import { applyChanges } from '../../core/sequence/apply.ts';
import {
  addMarker,
  changeCut,
  closeGap,
  lift,
  moveClips,
  normalPace,
  rippleDelete,
  removeMarker,
  setKeys,
  setRemedy,
  setSpeed,
  splitAt,
  trimEnd,
  trimStart,
} from '../../core/sequence/edits.ts';
import { clipAt, clipEnd, clipOf, markersInOrder, sourceAt } from '../../core/sequence/geometry.ts';
import { toasts } from '../state/toasts.svelte.ts';
import { forEach } from './clip-gestures.ts';
import { addKey } from './curve-edit.ts';
import { cutsOf, nearestCut, type CutMark } from './cuts.ts';
import type { TimelineMedia } from './media.svelte.ts';
import type { Suspect } from './suspicion.ts';
import { lengthText, timecode } from './timecode.ts';
import type { ShownFrame, TrustStore } from './trust.svelte.ts';
import type { TimelineView } from './view.svelte.ts';

/** Frames from the playhead within which a cut is meant. */
const CUT_REACH = 12;

export class TimelineCommands {
  readonly view: TimelineView;
  readonly media: TimelineMedia;
  readonly trust: TrustStore;

  constructor(view: TimelineView, media: TimelineMedia, trust: TrustStore) {
    this.view = view;
    this.media = media;
    this.trust = trust;
  }

  get #session() {
    return this.view.session;
  }

  get #state() {
    return this.#session.doc.state;
  }

  /** Whole frame of the playhead. */
  get frame(): number {
    return Math.round(this.view.player.frame);
  }

  /** The clip at the playhead; of several selected clips that is the one meant where it is among them. */
  get clipHere(): TimelineClip | undefined {
    return clipAt(this.#state, this.frame);
  }

  /** Selected clips, or the one at the playhead. */
  get meant(): string[] {
    if (this.#session.selection.size > 0) return [...this.#session.selection];
    return this.clipHere ? [this.clipHere.id] : [];
  }

  /** The one clip that panels show. */
  get target(): TimelineClip | undefined {
    const [only] = this.#session.selection;
    const chosen = only === undefined ? undefined : clipOf(this.#state, only);
    const here = this.clipHere;
    return here && this.#session.selection.has(here.id) ? here : (chosen ?? here);
  }

  split(): void {
    const { frame } = this;
    const here = this.clipHere;
    if (!here || here.start === frame) return this.view.say('Nothing to split here');
    void this.#session.edit('Split', (state) => splitAt(state, frame));
    this.view.say(`Split at ${timecode(frame, this.view.rate)}`);
  }

  rippleDelete(): void {
    this.#delete('Delete and close the gap', rippleDelete);
  }

  lift(): void {
    this.#delete('Delete', lift);
  }

  #delete(label: string, edit: typeof lift): void {
    const { marker } = this.#session;
    if (marker !== null) {
      void this.#session.edit('Delete a marker', (state) => removeMarker(state, marker));
      return this.view.say('Marker deleted');
    }
    const ids = [...this.#session.selection];
    if (ids.length === 0) return this.view.say('Nothing is selected');
    const first = Math.min(...ids.map((id) => clipOf(this.#state, id)?.start ?? 0));
    void this.#session.edit(label, (state) => edit(state, ids));
    this.view.say(ids.length === 1 ? 'Clip deleted' : `${ids.length} clips deleted`);
    // The focus must not fall out of the timeline with the clip that had it.
    const next = this.view.clips.find((clip) => clipEnd(clip) > first) ?? this.view.clips.at(-1);
    this.view.current = next?.id ?? null;
  }

  trimHere(edge: 'start' | 'end'): void {
    const { frame } = this;
    const clip = this.clipHere;
    if (!clip) return this.view.say('There is no clip here');
    const ripple = true;
    void this.#session.edit(edge === 'start' ? 'Trim the start here' : 'Trim the end here', (state) =>
      edge === 'start'
        ? trimStart(state, clip.id, frame - clip.start, { ripple })
        : trimEnd(state, clip.id, frame + 1 - clipEnd(clip), { ripple }),
    );
    if (edge === 'start') this.view.player.seek(clip.start);
  }

  nudge(by: number): void {
    const { marker } = this.#session;
    if (marker !== null || this.#session.selection.size === 0) return;
    const ids = [...this.#session.selection];
    void this.#session.edit('Nudge', (state) => moveClips(state, ids, by, { how: 'overwrite' }));
  }

  closeGap(at = this.frame): void {
    if (clipAt(this.#state, at)) return this.view.say('There is no gap here');
    void this.#session.edit('Close the gap', (state) => closeGap(state, at));
  }

  selectAll(): void {
    this.#session.select(this.view.clips.map((clip) => clip.id));
    this.view.say(`${this.view.clips.length} selected`);
  }

  selectNone(): void {
    this.#session.select([]);
    this.#session.marker = null;
  }

  addMarker(at = this.frame): void {
    const { range } = this.#session;
    const inRange = range !== null && at >= range.from && at < range.to;
    void this.#session.edit('Add a marker', (state) => {
      const changes = addMarker(state, inRange ? { frame: range.from, frames: range.to - range.from } : { frame: at });
      const made = changes.find((change) => change.kind === 'marker');
      if (made?.kind === 'marker') queueMicrotask(() => (this.#session.marker = made.id));
      return changes;
    });
    this.view.say(`Marker at ${timecode(at, this.view.rate)}`);
  }

  goMarker(way: 1 | -1): void {
    const { frame } = this;
    const markers = markersInOrder(this.#state);
    const found =
      way === 1 ? markers.find((marker) => marker.frame > frame) : markers.findLast((marker) => marker.frame < frame);
    if (found) this.#show(found.frame);
    if (found) this.view.say(found.name || 'Marker');
  }

  addKeyHere(): void {
    const clip = this.clipHere;
    if (!clip) return this.view.say('There is no clip here');
    const { keys } = addKey(clip.keys, this.frame - clip.start + clip.first, this.view.rate);
    void this.#session.edit('Add a speed key', (state) => setKeys(state, clip.id, keys));
    if (!this.view.curves) this.view.toggle('curves');
  }

  /** Seconds of its source in a second of a clip at normal speed: 1 but for slow motion that is to play as it was recorded. */
  paceOf(clip: TimelineClip | undefined): number {
    return clip ? normalPace(this.media.row(clip.media)?.info?.recorded, clip.clock) : 1;
  }

  /** Normal speed is 1, whichever clock a clip plays by. */
  setSpeed(speed: number): void {
    const ids = this.meant;
    if (ids.length === 0 || speed === 0) return;
    void this.#session.edit(speed === 1 ? 'Reset speed' : 'Change speed', (state) =>
      forEach(state, ids, (now, id) => setSpeed(now, id, speed * this.paceOf(clipOf(now, id))), applyChanges),
    );
  }

  /** Cuts in what is shown of a clip; those detected are known once its source was decoded, which its plan does. */
  cutsOf(clip: TimelineClip): readonly CutMark[] {
    return cutsOf(clip, this.trust.preview(clip.id) ? this.media.facts(clip.media) : undefined, this.view.rate);
  }

  addCut(): void {
    const clip = this.clipHere;
    if (!clip || this.frame === clip.start) return this.view.say('A cut goes inside a clip');
    const seconds = sourceAt(clip, this.view.rate, this.frame - clip.start) / TICKS;
    void this.#session.edit('Add a cut', (state) => changeCut(state, clip.id, seconds, 'add'));
    this.view.say('Cut added');
  }

  /** Of the cut nearest to the playhead, or the one given. */
  changeCut(what: 'accept' | 'remove', given?: Pick<CutMark, 'clip' | 'seconds'>): void {
    const here = this.clipHere;
    const cut = given ?? nearestCut(here ? this.cutsOf(here) : [], this.frame, CUT_REACH);
    if (!cut) return this.view.say('There is no cut near the playhead');
    const label = what === 'accept' ? 'Accept a cut' : 'Not a cut';
    void this.#session.edit(label, (state) => changeCut(state, cut.clip, cut.seconds, what));
    this.view.say(what === 'accept' ? 'Cut accepted' : 'Cut taken away');
  }

  /** To the next suspicious frame, see [Note: suspicious frames]. */
  goSuspect(way: 1 | -1): void {
    const suspect = way === 1 ? this.trust.next() : this.trust.previous();
    if (!suspect) {
      toasts.show(
        'No suspicious frame is known. Frames are judged as they are rendered: Enter renders the preview here.',
      );
      return;
    }
    this.#show(suspect.frame);
    this.view.say(this.#describe(suspect));
  }

  #describe({ frame, confidence }: Suspect): string {
    const rank = this.trust.suspects.findIndex((suspect) => suspect.frame === frame) + 1;
    return `Suspicious frame ${rank} of ${this.trust.suspects.length}, confidence ${Math.round(confidence * 100)} %, ${timecode(frame, this.view.rate)}`;
  }

  /** The frame at the playhead, where its plan is known. */
  get frameHere(): ShownFrame | null {
    return this.trust.at(this.frame);
  }

  /** Has the frame at the playhead made by 'hold', 'blend' or another engine; null takes that back. */
  remedy(engine: string | null): void {
    const here = this.frameHere;
    if (!here) return this.view.say('The plan of this clip is not known yet');
    const at = here.preview.sources[here.index];
    if (at === undefined) return;
    const has = here.clip.remedies.find((remedy) => remedy.at === at);
    if (engine === null && !has) return this.view.say('There is no remedy here');
    if (engine !== null && !has && here.preview.kinds[here.index]! < 2) {
      return this.view.say('This frame is not synthesised: there is nothing to remedy');
    }
    const label = engine === null ? 'Take a remedy back' : `Remedy: ${engine}`;
    void this.#session.edit(label, (state) => setRemedy(state, here.clip.id, at, engine));
    this.view.say(engine === null ? 'Remedy taken back' : `Remedied with ${engine}`);
  }

  describeSelection(): string {
    const chosen = [...this.#session.selection].flatMap((id) => clipOf(this.#state, id) ?? []);
    const frames = chosen.reduce((sum, clip) => sum + clip.frames, 0);
    return chosen.length === 0 ? '' : `${chosen.length} selected, ${lengthText(frames, this.view.rate)}`;
  }

  #show(frame: number): void {
    this.view.player.seek(frame);
    this.view.reveal(frame);
  }
}
