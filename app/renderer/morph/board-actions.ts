/** What keys and the palette do on a board. */
import { ACTIONS } from '../keys/actions.ts';
import { playbackDeeds } from '../preview/viewer-actions.ts';
import type { Action } from '../state/keys.svelte.ts';
import type { Desk } from './desk.svelte.ts';

export function boardActions(desk: Desk, places: { fullscreen(): void; toTimeline(): void }): Action[] {
  const { session, playback } = desk;
  const selected = (): boolean => session.selected?.kind === 'keyframe';
  const film = (): boolean => session.length > 1;
  const runs: Record<string, [run: () => void, when?: () => boolean]> = {
    ...Object.fromEntries(
      playbackDeeds(playback)
        .filter(([id]) => id !== 'play.mute')
        .map(([id, , run]) => [id, [run] as [() => void]]),
    ),
    'edit.undo': [() => void session.undo(), () => session.undoLabel !== null],
    'edit.redo': [() => void session.redo(), () => session.redoLabel !== null],
    'edit.rippleDelete': [() => desk.remove(), selected],
    'edit.lift': [() => desk.remove(), selected],
    'edit.nudgeBack': [() => desk.move(-1), selected],
    'edit.nudgeForward': [() => desk.move(1), selected],
    'edit.selectNone': [() => session.select('keyframe', undefined)],
    'go.previousEdit': [() => desk.goKeyframe(-1)],
    'go.nextEdit': [() => desk.goKeyframe(1)],
    'view.renderHere': [() => void desk.media.render(), film],
    'view.fullscreen': [places.fullscreen],
    'library.add': [() => void desk.addFiles()],
    'export.open': [() => (desk.exporting = true), film],
    'morph.addTake': [() => desk.addTake(), () => desk.gap >= 0],
    'morph.toTimeline': [places.toTimeline, () => session.board.origin !== null && film()],
  };
  const titles: Readonly<Record<string, string>> = {
    'edit.rippleDelete': 'Remove the keyframe',
    'edit.lift': 'Remove the keyframe',
    'edit.nudgeBack': 'Move the keyframe a place back',
    'edit.nudgeForward': 'Move the keyframe a place on',
    'go.previousEdit': 'Go to the previous keyframe',
    'go.nextEdit': 'Go to the next keyframe',
    'view.renderHere': 'Make the missing pictures',
    'library.add': 'Add stills to the board',
  };
  return Object.entries(runs).map(([id, [run, when]]) => {
    const row = ACTIONS.find((action) => action.id === id);
    return { id, title: titles[id] ?? row?.title ?? id, group: row?.group ?? 'Morph', run, when };
  });
}
