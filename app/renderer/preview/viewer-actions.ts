/** What keys and the palette do in the program monitor. */
import { clipEnd, clipsInOrder } from '../../core/sequence/geometry.ts';
import type { Action } from '../state/keys.svelte.ts';
import type { Player } from '../state/player.svelte.ts';
import type { ProjectSession } from '../state/project.svelte.ts';
import type { Playback } from './playback.svelte.ts';

type Deed = readonly [id: string, title: string, run: () => void];

/** Playing and stepping, of whichever film. */
export function playbackDeeds(playback: Playback): Deed[] {
  return [
    ['play.toggle', 'Play or pause', () => playback.toggle()],
    ['play.stop', 'Stop', () => playback.pause()],
    ['play.reverse', 'Play backwards', () => playback.shuttle(-1)],
    ['play.forward', 'Play', () => playback.shuttle(1)],
    ['play.loop', 'Loop on or off', () => (playback.loop = !playback.loop)],
    ['play.mute', 'Mute', () => playback.setMuted(!playback.muted)],
    ['step.back', 'One frame back', () => playback.step(-1)],
    ['step.forward', 'One frame forward', () => playback.step(1)],
    ['step.back10', 'Ten frames back', () => playback.step(-10)],
    ['step.forward10', 'Ten frames forward', () => playback.step(10)],
    ['go.start', 'Go to the start', () => playback.seek(0)],
    ['go.end', 'Go to the end', () => playback.seek(playback.film.length - 1)],
  ];
}

export function viewerActions(session: ProjectSession, player: Player): Action[] {
  const mark = (range: { from: number; to: number } | null): void => void (session.range = range);
  const setIn = (): void => {
    const from = Math.round(player.frame);
    const to = session.range?.to ?? session.length;
    mark({ from, to: to > from ? to : session.length });
  };
  const setOut = (): void => {
    // The frame that is shown is the last one in.
    const to = Math.round(player.frame) + 1;
    const from = session.range?.from ?? 0;
    mark({ from: from < to ? from : 0, to });
  };
  const deeds: Deed[] = [
    ...playbackDeeds(player),
    ['play.in', 'Set the in point', setIn],
    ['play.out', 'Set the out point', setOut],
    ['play.clearRange', 'Clear in and out', () => mark(null)],
    ['play.goIn', 'Go to the in point', () => session.range && player.seek(session.range.from)],
    ['play.goOut', 'Go to the out point', () => session.range && player.seek(session.range.to - 1)],
    ['go.previousEdit', 'Go to the previous edit', () => player.seek(editBeside(session, player.frame, -1))],
    ['go.nextEdit', 'Go to the next edit', () => player.seek(editBeside(session, player.frame, 1))],
    ['view.renderHere', 'Render the preview here', () => player.render()],
    [
      'compare.wipe',
      'Compare with the source',
      () => player.setCompare({ mode: player.compare.mode === 'wipe' ? 'off' : 'wipe' }),
    ],
  ];
  return deeds.map(([id, title, run]) => ({ id, title, group: 'Playback', run }));
}

/** The nearest start or end of a clip before or after a frame. */
function editBeside(session: ProjectSession, frame: number, direction: -1 | 1): number {
  const edits = clipsInOrder(session.doc.state).flatMap((clip) => [clip.start, clipEnd(clip)]);
  const beyond = [0, ...edits].filter((edit) => (direction > 0 ? edit > frame : edit < frame));
  if (beyond.length === 0) return frame;
  return direction > 0 ? Math.min(...beyond) : Math.max(...beyond);
}
