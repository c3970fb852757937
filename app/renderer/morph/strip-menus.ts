/** Menus of keyframes and gaps. */
import type { MenuEntry } from '../shared/menu-items.ts';
import { spreadGap, setPoints } from './board-edits.ts';
import type { Desk } from './desk.svelte.ts';
import { whyNoTakes } from './gap-words.ts';

/** Of a keyframe, or of the strip beside all. `index` is its place. */
export function keyframeEntries(desk: Desk, id: string | undefined, index: number): MenuEntry[] {
  const { session } = desk;
  const at = id === undefined ? undefined : index;
  const adding: MenuEntry[] = [
    { label: at === undefined ? 'Add stills' : 'Add stills before it', run: () => void desk.addFiles(at) },
    { label: 'Add frames from the library', run: () => (desk.choosing = true) },
  ];
  if (id === undefined) return adding;
  const keyframe = session.board.keyframes[index];
  return [
    { label: 'Move a place back', action: 'edit.nudgeBack', disabled: index === 0, run: () => desk.move(-1, id) },
    {
      label: 'Move a place on',
      action: 'edit.nudgeForward',
      disabled: index === session.board.keyframes.length - 1,
      run: () => desk.move(1, id),
    },
    ...(keyframe?.points
      ? [
          {
            label: 'Key points as they are detected',
            run: () => void session.edit('Reset key points', (board) => setPoints(board, id, null)),
          },
        ]
      : []),
    'separator',
    ...adding,
    'separator',
    { label: 'Remove the keyframe', action: 'edit.rippleDelete', danger: true, run: () => desk.remove(id) },
  ];
}

/** Of the gap after the keyframe `id`. */
export function gapEntries(desk: Desk, id: string): MenuEntry[] {
  const { session } = desk;
  const engine = desk.ends && session.engine(desk.ends.gap.engine);
  const index = session.board.keyframes.findIndex((keyframe) => keyframe.id === id);
  return [
    { label: 'Make its pictures', run: () => void desk.media.render([index]) },
    { label: 'Compare takes', run: () => desk.show('takes') },
    {
      label: 'Add a take',
      action: 'morph.addTake',
      disabled: !desk.ends || whyNoTakes(engine, desk.ends.gap) !== null,
      run: () => desk.addTake(),
    },
    { label: 'Key points', disabled: !engine?.uses.points, run: () => desk.show('points') },
    'separator',
    {
      label: 'Give all gaps these settings',
      disabled: session.board.gaps.length < 2,
      run: () => void session.edit('Settings for all gaps', (board) => spreadGap(board, id)),
    },
  ];
}
