/** Menus of the timeline: what can be done with what is under the pointer. */
import type { Marker } from '../../contract/project.ts';
import { changeClip, changeMarker, removeMarker } from '../../core/sequence/edits.ts';
import { clipOf, markerOf } from '../../core/sequence/geometry.ts';
import { applyChanges } from '../../core/sequence/apply.ts';
import { relinkClip } from '../clip/clip-actions.ts';
import type { MenuEntry } from '../shared/menu-items.ts';
import { forEach } from './clip-gestures.ts';
import type { TimelineCommands } from './commands.ts';
import { openOnBoard } from './morph.ts';
import type { TimelineView } from './view.svelte.ts';

export const CLIP_COLOURS = ['blue', 'teal', 'green', 'olive', 'orange', 'red', 'purple', 'grey'] as const;
export const MARKER_COLOURS = ['blue', 'teal', 'green', 'orange', 'red', 'purple'] as const;
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, -1];

export interface MenuPlaces {
  editMarker(marker: Marker): void;
  otherEngine(): void;
  openCurve(): void;
}

/** For what the press hit: a marker, a cut, the trust strip, a clip, or nothing. */
export function menuFor(commands: TimelineCommands, press: MouseEvent, places: MenuPlaces): MenuEntry[] {
  const { view } = commands;
  const target = press.target instanceof Element ? press.target : null;
  const data = (name: string): string | undefined =>
    target?.closest<HTMLElement>(`[data-${name}]`)?.getAttribute(`data-${name}`) ?? undefined;
  const marker = data('marker');
  if (marker !== undefined) return markerMenu(commands, marker, places);
  const cut = data('cut');
  if (cut !== undefined) return cutMenu(commands, Number(cut), data('cut-clip') ?? '');
  const frame = Math.max(0, Math.floor(view.frameAt(press.clientX)));
  if (target?.closest('[data-trust]')) {
    view.player.seek(frame);
    return trustMenu(commands, places);
  }
  const clip = data('clip') ?? data('curve');
  if (clip !== undefined) {
    if (!view.session.selection.has(clip)) view.session.select([clip]);
    return clipMenu(commands, places);
  }
  return [
    { label: 'Close the gap', run: () => commands.closeGap(frame), disabled: frame >= view.session.length },
    { label: 'Add a marker here', run: () => commands.addMarker(frame) },
    {
      label: 'Open the gap on the morph board',
      run: () => void openOnBoard(view, frame, false),
      disabled: frame >= view.session.length,
    },
    ...(view.session.range ? [rangeOnBoard(view)] : []),
    'separator',
    { label: 'Select all', action: 'edit.selectAll', run: () => commands.selectAll() },
    { label: 'Show all of the timeline', action: 'view.zoomFit', run: () => view.fit() },
  ];
}

function rangeOnBoard(view: TimelineView): MenuEntry {
  return {
    label: 'Open the range on the morph board',
    action: 'morph.fromGap',
    run: () => void openOnBoard(view, view.session.range?.from ?? 0),
  };
}

function clipMenu(commands: TimelineCommands, places: MenuPlaces): MenuEntry[] {
  const { view } = commands;
  const { session } = view;
  const ids = [...session.selection];
  const clip = ids.length === 1 ? clipOf(session.doc.state, ids[0]!) : undefined;
  const file = clip && commands.media.row(clip.media);
  const colourOf = clip?.colour;
  const lost: MenuEntry[] =
    file?.state === 'missing'
      ? [{ label: 'Say where the file is now', run: () => void relinkClip(file) }, 'separator']
      : [];
  return [
    ...lost,
    { label: 'Split at the playhead', action: 'edit.split', run: () => commands.split() },
    { label: 'Delete and close the gap', action: 'edit.rippleDelete', run: () => commands.rippleDelete() },
    { label: 'Delete and leave a gap', action: 'edit.lift', run: () => commands.lift() },
    'separator',
    {
      label: 'Speed',
      items: [
        ...SPEEDS.map((speed): MenuEntry => ({
          label: speed === -1 ? 'Backwards' : `${speed * 100} %`,
          run: () => commands.setSpeed(speed),
        })),
        'separator',
        { label: 'Curve editor', action: 'retime.curve', run: places.openCurve },
      ],
    },
    { label: 'Add a speed key', action: 'retime.key', run: () => commands.addKeyHere() },
    { label: 'Add a cut at the playhead', action: 'cut.add', run: () => commands.addCut() },
    ...(session.range ? [rangeOnBoard(view)] : []),
    'separator',
    {
      label: 'Colour',
      items: CLIP_COLOURS.map((colour) => ({
        label: capital(colour),
        checked: (colourOf ?? 'blue') === colour,
        run: () =>
          void session.edit('Change colour', (state) =>
            forEach(state, ids, (now, id) => changeClip(now, id, { colour }), applyChanges),
          ),
      })),
    },
    { label: 'Select all', action: 'edit.selectAll', run: () => commands.selectAll() },
  ];
}

function markerMenu({ view }: TimelineCommands, id: string, places: MenuPlaces): MenuEntry[] {
  const { session } = view;
  const marker = markerOf(session.doc.state, id);
  if (!marker) return [];
  return [
    { label: 'Name and colour', run: () => places.editMarker(marker) },
    { label: 'Go there', run: () => view.player.seek(marker.frame) },
    {
      label: 'Colour',
      items: MARKER_COLOURS.map((colour) => ({
        label: capital(colour),
        checked: marker.colour === colour,
        run: () => void session.edit('Change a marker', (state) => changeMarker(state, id, { colour })),
      })),
    },
    'separator',
    {
      label: 'Delete the marker',
      danger: true,
      run: () => void session.edit('Delete a marker', (state) => removeMarker(state, id)),
    },
  ];
}

function cutMenu(commands: TimelineCommands, seconds: number, clip: string): MenuEntry[] {
  const cut = { clip, seconds };
  return [
    { label: 'Accept the cut', action: 'cut.accept', run: () => commands.changeCut('accept', cut) },
    { label: 'Not a cut', action: 'cut.remove', run: () => commands.changeCut('remove', cut) },
  ];
}

function trustMenu(commands: TimelineCommands, places: MenuPlaces): MenuEntry[] {
  return [
    { label: 'Hold the source frame', action: 'trust.hold', run: () => commands.remedy('hold') },
    { label: 'Blend the two source frames', action: 'trust.blend', run: () => commands.remedy('blend') },
    { label: 'Another engine', action: 'trust.other', run: places.otherEngine },
    { label: 'Take the remedy back', action: 'trust.clear', run: () => commands.remedy(null) },
    'separator',
    { label: 'Next suspicious frame', action: 'trust.next', run: () => commands.goSuspect(1) },
    { label: 'Previous suspicious frame', action: 'trust.previous', run: () => commands.goSuspect(-1) },
  ];
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}
