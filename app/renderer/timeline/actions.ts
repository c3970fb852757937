/** The timeline's commands under the ids of the key maps (keys/actions.ts). */
import { ACTIONS } from '../keys/actions.ts';
import type { Action } from '../state/keys.svelte.ts';
import type { TimelineCommands } from './commands.ts';
import { openOnBoard } from './morph.ts';

/** `otherEngine` asks for the engine of a remedy; `toggleCurve` opens the curve editor. */
export function timelineActions(
  commands: TimelineCommands,
  { otherEngine, toggleCurve }: { otherEngine(): void; toggleCurve(): void },
): Action[] {
  const { view } = commands;
  const { session } = view;
  const some = (): boolean => session.length > 0;
  const runs: Record<string, [run: () => void, when?: () => boolean]> = {
    'edit.undo': [() => void session.undo(), () => session.doc.done.length > 0 || session.unsaved > 0],
    'edit.redo': [() => void session.redo(), () => session.doc.undone.length > 0],
    'edit.split': [() => commands.split(), some],
    'edit.rippleDelete': [() => commands.rippleDelete(), some],
    'edit.lift': [() => commands.lift(), some],
    'edit.selectAll': [() => commands.selectAll()],
    'edit.selectNone': [() => commands.selectNone()],
    'edit.marker': [() => commands.addMarker()],
    'edit.trimStartHere': [() => commands.trimHere('start'), some],
    'edit.trimEndHere': [() => commands.trimHere('end'), some],
    'edit.closeGap': [() => commands.closeGap(), some],
    'edit.nudgeBack': [() => commands.nudge(-1), some],
    'edit.nudgeForward': [() => commands.nudge(1), some],
    'edit.snap': [() => view.toggle('snapping')],
    'go.previousMarker': [() => commands.goMarker(-1)],
    'go.nextMarker': [() => commands.goMarker(1)],
    'retime.curve': [toggleCurve, some],
    'retime.key': [() => commands.addKeyHere(), some],
    'retime.reset': [() => commands.setSpeed(1), some],
    'cut.add': [() => commands.addCut(), some],
    'cut.accept': [() => commands.changeCut('accept'), some],
    'cut.remove': [() => commands.changeCut('remove'), some],
    'morph.fromGap': [() => void openOnBoard(view, commands.frame), some],
    'trust.next': [() => commands.goSuspect(1), some],
    'trust.previous': [() => commands.goSuspect(-1), some],
    'trust.hold': [() => commands.remedy('hold'), some],
    'trust.blend': [() => commands.remedy('blend'), some],
    'trust.other': [otherEngine, some],
    'trust.clear': [() => commands.remedy(null), some],
    'view.zoomIn': [() => view.zoom(1.4)],
    'view.zoomOut': [() => view.zoom(1 / 1.4)],
    'view.zoomFit': [() => view.fit()],
  };
  return Object.entries(runs).map(([id, [run, when]]) => {
    const row = ACTIONS.find((action) => action.id === id);
    return { id, title: row?.title ?? id, group: row?.group ?? 'Editing', run, when };
  });
}
