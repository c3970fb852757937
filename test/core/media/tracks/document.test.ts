/** docs/containers.md, which a long test measures on written files, against what is planned: neither changes without the other. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OtherStreamInfo } from '../../../../app/contract/media.ts';
import { capabilities } from '../../../../app/core/media/capabilities.ts';
import { CONTAINERS } from '../../../../app/core/media/containers.ts';
import { planTracks } from '../../../../app/core/media/tracks/plan.ts';
import { root } from '../../../support/command.ts';
import { cellOf, COLUMNS, TRACK_ROWS } from '../../../support/containers-table.ts';
import { infoOf } from '../output-kit.ts';

test('docs/containers.md says what is planned', async () => {
  const lines = readFileSync(join(root, 'docs', 'containers.md'), 'utf8').split('\n');
  const table = new Map(
    lines.filter((line) => line.startsWith('|')).map((line) => [cellsOf(line)[0], cellsOf(line).slice(1)]),
  );
  const reasons = lines
    .filter((line) => /^\d+\. /.test(line))
    .map((line) =>
      line
        .replace(/^\d+\. /, '')
        .replace(/\.$/, '')
        .toLowerCase(),
    );
  const known = await capabilities();
  let checked = 0;
  for (const row of TRACK_ROWS) {
    for (const [i, column] of COLUMNS.entries()) {
      const request = {
        info: FILM,
        container: CONTAINERS[column],
        mode: 'original',
        timecode: '01:00:00:10',
        capabilities: known,
      } as const;
      const { fates } = planTracks(request);
      const planned = row.cell({ result: { tracks: [...fates], notes: [] }, found: undefined });
      const [word, number] = /^(.*?)(?: \((\d+)\))?$/.exec(table.get(row.name)?.[i] ?? '')!.slice(1);
      const said = number === undefined ? word : `${word}: ${reasons[Number(number) - 1]}`;
      assert.equal(said?.toLowerCase(), planned.toLowerCase(), `${row.name} in .${column}`);
      checked++;
    }
  }
  assert.equal(checked, TRACK_ROWS.length * COLUMNS.length);
  assert.equal(cellOf(undefined), '—');
});

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

const subtitle = (codec: string, index: number): OtherStreamInfo => ({ index, type: 'subtitle', codec });

/** What the films of the long test have in them, in one. */
const FILM = {
  ...infoOf('yuv420p', 64, 48),
  audio: [
    {
      index: 1,
      codec: 'flac',
      sampleRate: 48_000,
      channels: 1,
      language: 'eng',
      title: 'Main',
      dispositions: ['default'],
    },
    {
      index: 2,
      codec: 'flac',
      sampleRate: 48_000,
      channels: 1,
      language: 'fra',
      title: 'Remarks',
      dispositions: ['comment'],
    },
  ],
  other: [
    { ...subtitle('ass', 3), language: 'jpn', dispositions: ['default'] },
    { ...subtitle('subrip', 4), dispositions: ['forced'] },
    { ...subtitle('mov_text', 14), dispositions: ['forced'] },
    ...['webvtt', 'hdmv_pgs_subtitle', 'dvd_subtitle', 'dvb_subtitle'].map((codec, i) => subtitle(codec, 5 + i)),
    { index: 10, type: 'attachment', codec: 'ttf', fileName: 'font.ttf', mimeType: 'font/ttf' },
    { index: 11, type: 'cover', codec: 'mjpeg', fileName: 'cover.jpg', mimeType: 'image/jpeg' },
    { index: 12, type: 'data', codec: 'bin_data', tag: 'gpmd' },
    { index: 13, type: 'video', codec: 'h264' },
  ] satisfies OtherStreamInfo[],
  chapters: 2,
  chapterList: [
    { start: 0, end: 1, title: 'One' },
    { start: 1, end: 2, title: 'Two' },
  ],
};
