/** What keys and the palette do in the tags view. */
import { playbackDeeds } from '../preview/viewer-actions.ts';
import { ACTIONS, ALSO_IN_TAGS } from '../keys/actions.ts';
import type { Action } from '../state/keys.svelte.ts';
import type { TagDesk } from './desk.svelte.ts';

export interface TagDeeds {
  search(): void;
  review(): void;
  recognise(): void;
  exporting(): void;
  zoom(factor: number | 'fit'): void;
}

const ROWS = new Map(ACTIONS.map((row) => [row.id, row]));

export function tagActions(desk: TagDesk, deeds: TagDeeds): Action[] {
  const clip = (): boolean => desk.session !== null;
  const plays = (): boolean => desk.playback !== null;
  const span = (): boolean => desk.span !== undefined;
  const of = (id: string, when: () => boolean, run: () => void, more: Partial<Action> = {}): Action => ({
    ...ROWS.get(id)!,
    when,
    run,
    ...more,
  });
  const always = (): boolean => true;
  const go = (way: 1 | -1) => (): void => void (desk.review ? desk.goReview(way) : desk.goBeside(way));
  return [
    ...playing(desk),
    of('play.toggle', plays, () => desk.toggle()),
    of('play.loop', plays, () => desk.setLoop(!desk.playback!.loop)),
    of('tags.loop', plays, () => desk.setLoop(!desk.playback!.loop)),
    of('tags.slow', plays, () => desk.setSlow(!desk.slow)),
    of('tags.accept', span, () => void desk.judge('accept'), { once: true }),
    of('tags.reject', span, () => void desk.judge('reject'), { once: true }),
    of('tags.reset', span, () => void desk.judge('reset'), { once: true }),
    of('tags.relabel', span, () => desk.relabel(), { once: true }),
    of('tags.remove', span, () => void desk.remove(), { once: true }),
    of('tags.previous', clip, go(-1)),
    of('tags.next', clip, go(1)),
    of('tags.mark', plays, () => desk.hold(), { release: () => desk.letGo() }),
    of('tags.markStart', plays, () => desk.markStart()),
    of('tags.markEnd', plays, () => desk.markEnd()),
    of('tags.startEarlier', span, () => desk.edge('start', -1)),
    of('tags.startLater', span, () => desk.edge('start', 1)),
    of('tags.endEarlier', span, () => desk.edge('end', -1)),
    of('tags.endLater', span, () => desk.edge('end', 1)),
    of('edit.trimStartHere', span, () => desk.edge('start', 'here')),
    of('edit.trimEndHere', span, () => desk.edge('end', 'here')),
    of('edit.nudgeBack', span, () => desk.nudge(-1)),
    of('edit.nudgeForward', span, () => desk.nudge(1)),
    of('edit.split', span, () => void desk.split(), { once: true }),
    of('edit.undo', clip, () => void desk.undo()),
    of('edit.redo', clip, () => void desk.redo()),
    of('tags.leave', clip, () => desk.leave()),
    of('view.zoomIn', clip, () => deeds.zoom(1.5)),
    of('view.zoomOut', clip, () => deeds.zoom(1 / 1.5)),
    of('view.zoomFit', clip, () => deeds.zoom('fit')),
    of('tags.review', always, () => deeds.review()),
    of('tags.recognise', always, () => deeds.recognise()),
    of('library.search', always, () => deeds.search()),
    of('export.open', always, () => deeds.exporting()),
  ];
}

/** As everywhere, of whichever clip is shown; but L is for labels. */
function playing(desk: TagDesk): Action[] {
  const { playback } = desk;
  if (!playback) return [];
  const deeds = playbackDeeds(playback).filter(([id]) => ALSO_IN_TAGS.has(id));
  return deeds.map(([id, , run]) => ({ ...ROWS.get(id)!, run }));
}
