/** Every action that has a name: what can be done by a key, from the palette, and what the key map editor lists. */

export interface ActionRow {
  id: string;
  title: string;
  group: string;
}

const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Playback: {
    'play.toggle': 'Play or pause',
    'play.stop': 'Stop',
    'play.reverse': 'Play backwards, again: faster',
    'play.forward': 'Play, again: faster',
    'play.loop': 'Loop on or off',
    'play.in': 'Set the in point',
    'play.out': 'Set the out point',
    'play.clearRange': 'Clear in and out',
    'play.goIn': 'Go to the in point',
    'play.goOut': 'Go to the out point',
    'play.mute': 'Mute',
  },
  Moving: {
    'step.back': 'One frame back',
    'step.forward': 'One frame forward',
    'step.back10': 'Ten frames back',
    'step.forward10': 'Ten frames forward',
    'go.start': 'Go to the start',
    'go.end': 'Go to the end',
    'go.previousEdit': 'Go to the previous edit',
    'go.nextEdit': 'Go to the next edit',
    'go.timecode': 'Go to a timecode',
    'go.previousMarker': 'Go to the previous marker',
    'go.nextMarker': 'Go to the next marker',
  },
  Editing: {
    'edit.undo': 'Undo',
    'edit.redo': 'Redo',
    'edit.split': 'Split at the playhead',
    'edit.rippleDelete': 'Delete and close the gap',
    'edit.lift': 'Delete and leave a gap',
    'edit.selectAll': 'Select all',
    'edit.selectNone': 'Select nothing',
    'edit.marker': 'Add a marker',
    'edit.trimStartHere': 'Trim the start to the playhead',
    'edit.trimEndHere': 'Trim the end to the playhead',
    'edit.closeGap': 'Close the gap',
    'edit.nudgeBack': 'Move the selection a frame back',
    'edit.nudgeForward': 'Move the selection a frame forward',
    'edit.snap': 'Snapping on or off',
    'edit.insert': 'Insert the source at the playhead',
    'edit.append': 'Append the source at the end',
    'edit.history': 'Show the history',
  },
  Retiming: {
    'retime.curve': 'Show the speed curve',
    'retime.key': 'Add a speed key at the playhead',
    'retime.reset': 'Reset the speed',
    'cut.add': 'Add a cut at the playhead',
    'cut.accept': 'Accept the cut',
    'cut.remove': 'Not a cut',
  },
  Morph: {
    'morph.new': 'New morph board',
    'morph.fromGap': 'Open the gap here, or the range, on the morph board',
    'morph.toTimeline': 'Put the morph on the timeline',
    'morph.addTake': 'Add a take',
  },
  Trust: {
    'trust.next': 'Next suspicious frame',
    'trust.previous': 'Previous suspicious frame',
    'trust.hold': 'Remedy: hold the source frame',
    'trust.blend': 'Remedy: blend the two source frames',
    'trust.other': 'Remedy: another engine',
    'trust.clear': 'Take the remedy back',
    'compare.wipe': 'Compare with the source',
    'compare.engines': 'Compare two engines',
  },
  Tags: {
    'tags.accept': 'Accept the span',
    'tags.reject': 'Reject the span',
    'tags.reset': 'Back to what the recogniser said',
    'tags.relabel': 'Give the span another label',
    'tags.remove': 'Delete the span',
    'tags.previous': 'Previous span',
    'tags.next': 'Next span',
    'tags.loop': 'Loop the span',
    'tags.slow': 'Play at a quarter of the speed',
    'tags.mark': 'Hold to mark a span',
    'tags.markStart': 'Start a span here',
    'tags.markEnd': 'End the span here',
    'tags.startEarlier': 'Start of the span a frame earlier',
    'tags.startLater': 'Start of the span a frame later',
    'tags.endEarlier': 'End of the span a frame earlier',
    'tags.endLater': 'End of the span a frame later',
    'tags.leave': 'Leave off: marking, a preview, the selection',
    'tags.review': 'Review what was found',
    'tags.recognise': 'Recognise actions',
  },
  View: {
    'view.zoomIn': 'Zoom in',
    'view.zoomOut': 'Zoom out',
    'view.zoomFit': 'Show all of the timeline',
    'view.fullscreen': 'Full screen',
    'view.renderHere': 'Render the preview here',
  },
  Files: {
    'library.add': 'Add files to the library',
    'library.addFolder': 'Add a folder to the library',
    'library.search': 'Search the library',
    'project.new': 'New project',
    'export.open': 'Export',
  },
  Views: {
    'go.library': 'Library',
    'go.edit': 'Edit',
    'go.morph': 'Morph',
    'go.tags': 'Tags',
    'go.batch': 'Batch',
    'go.pair': 'Two photos',
    'go.queue': 'Queue',
    'go.models': 'Models',
    'go.settings': 'Settings',
  },
  Help: {
    'help.keys': 'All shortcuts',
    'help.palette': 'Search all actions',
  },
};

export const ACTIONS: readonly ActionRow[] = Object.entries(TABLE).flatMap(([group, rows]) =>
  Object.entries(rows).map(([id, title]) => ({ id, title, group })),
);

/** What the tags view offers besides its own group and what is always there: these must not share a chord with that group. */
export const ALSO_IN_TAGS: ReadonlySet<string> = new Set([
  ...['play.toggle', 'play.stop', 'play.reverse', 'play.loop', 'play.mute'],
  ...['step.back', 'step.forward', 'step.back10', 'step.forward10', 'go.start', 'go.end'],
  ...['edit.undo', 'edit.redo', 'edit.split', 'edit.nudgeBack', 'edit.nudgeForward'],
  ...['edit.trimStartHere', 'edit.trimEndHere', 'view.zoomIn', 'view.zoomOut', 'view.zoomFit'],
  ...['library.search', 'export.open'],
]);

export const GROUPS: readonly string[] = Object.keys(TABLE);
