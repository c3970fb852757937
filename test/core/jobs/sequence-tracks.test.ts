import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSubtitlePackets } from '../../../app/core/media/tracks/packets-in.ts';
import { probe } from '../../../app/core/media/probe.ts';
import { makeFilm } from '../../support/tracks.ts';
import { Room } from './clips.ts';
import { sequenceClip, sequenceSpec } from './sequence-support.ts';

test('the text of clips is one retimed track of the sequence, markers are its chapters, and what is not carried is said', async () => {
  await using room = await Room.make();
  const film = await makeFilm(room.folder);
  // Half speed for 4 s, a gap of 1 s, then the film's second second backwards (speed -1).
  const keys = [
    { output: 0, source: 2, ease: 'linear' as const },
    { output: 1, source: 1, ease: 'linear' as const },
  ];
  const clips = [sequenceClip(film, 0, 100, 0.5), sequenceClip(film, 125, 25, 1, { keys })];
  const markers = [
    { frame: 125, name: 'Back' },
    { frame: 0, name: 'Slow; start' },
  ];
  const spec = sequenceSpec(clips, room.path('out.mkv'), { markers });
  const { notes, verified } = await room.run(spec);
  assert.ok(verified);
  const said = notes.find((note) => note.includes('plain text'));
  assert.match(
    said ?? '',
    /ass subtitles become plain text in the one subtitle track of \.mkv; left out are all sounds but the first of 2, 3 other subtitle tracks, 2 chapters, 2 attachments/,
  );
  const found = await probe(spec.output);
  assert.deepEqual(
    found.chapterList?.map(({ start, title }) => [start, title]),
    [
      [0, 'Slow; start'],
      [5, 'Back'],
    ],
  );
  const text = found.other.find(({ type }) => type === 'subtitle')!;
  assert.deepEqual([text.codec, text.language], ['subrip', 'jpn']);
  const { packets } = await readSubtitlePackets({
    path: spec.output,
    index: text.index,
    codec: 'copy',
    scratch: room.folder,
  });
  const events = packets.map(({ start, duration, data }) => [
    start,
    Math.round((start + duration) * 1000) / 1000,
    String(data),
  ]);
  assert.deepEqual(events, [
    [0.8, 1.6, 'First'],
    [2.4, 3.2, 'Second'],
    // Source 1.6 to 1.2 of 2 to 1.
    [5.4, 5.8, 'Second'],
  ]);
});
