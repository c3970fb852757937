/** A film of everything through prepareTracks, muxOutput and verifyOutput: what the job does, without its pictures. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { VideoInfo } from '../../../../app/contract/media.ts';
import { capabilities } from '../../../../app/core/media/capabilities.ts';
import type { Chunk } from '../../../../app/core/media/concat-list.ts';
import { muxOutput } from '../../../../app/core/media/mux.ts';
import type { OutputPlan } from '../../../../app/core/media/output-format.ts';
import { probe } from '../../../../app/core/media/probe.ts';
import { planTracks, trackNotes, type TrackPlan } from '../../../../app/core/media/tracks/plan.ts';
import { prepareTracks, type ReadyTracks } from '../../../../app/core/media/tracks/prepare.ts';
import { readSubtitlePackets } from '../../../../app/core/media/tracks/packets-in.ts';
import { verifyOutput } from '../../../../app/core/media/verify.ts';
import { FIGURE } from '../../../guarantees/promise.ts';
import { ffmpegOutput } from '../../../support/clips.ts';
import { EVENTS, makeFilm } from '../../../support/tracks.ts';
import { encodeChunk, gradient, planFor } from '../output-kit.ts';

let folder: string;
let film: string;
let info: VideoInfo;
let chunk: Chunk;
let whole: Promise<Made> | undefined;

/** Half speed: 4 seconds at 25 frames. */
const FRAMES = 100;
const SLOW = { duration: 4, pieces: [0], sourceAt: (output: number) => output / 2 };

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inbetween-tracks-'));
  film = await makeFilm(folder);
  info = await probe(film);
  const plan = await planFor('yuv420p', { rate: { num: 25, den: 1 } });
  const frames = Array.from({ length: FRAMES }, (_, k) => gradient(plan.carrier, 48, 32, k));
  chunk = await encodeChunk(join(folder, 'chunk.mp4'), plan, frames);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Made {
  readonly path: string;
  readonly plan: TrackPlan;
  readonly ready: ReadyTracks;
  readonly output: OutputPlan;
  readonly found: VideoInfo;
}

async function write(name: string, source: VideoInfo = info): Promise<Made> {
  const path = join(folder, name);
  const output = await planFor('yuv420p', { rate: { num: 25, den: 1 }, path, sound: true });
  const { container } = output;
  const known = await capabilities();
  const plan = planTracks({ info: source, container, mode: 'original', timecode: '01:00:00:10', capabilities: known });
  const scratch = join(folder, `${name}.scratch`);
  mkdirSync(scratch, { recursive: true });
  const ready = await prepareTracks(plan, { info: source, container: container.name, map: SLOW, origin: 0, scratch });
  const wav = join(folder, 'sound.wav');
  ffmpegOutput('-y', '-f', 'lavfi', '-i', 'sine=d=4:r=48000', `file:${wav}`);
  const sounds = plan.sounds.map(({ stream }) => ({ ...stream, path: wav, channels: 1 }));
  const { timecode, tags, picture } = plan;
  await muxOutput({ chunks: [chunk], plan: output, sounds, tracks: ready, picture, tags, timecode, to: path, scratch });
  const expected = { plan: output, frames: FRAMES, timestamp: (k: number) => k, sounds: sounds.map(() => 4) };
  await verifyOutput(path, { ...expected, tracks: { ...ready, timecode } });
  return { path, plan, ready, output, found: await probe(path) };
}

/** Start and end of each event of a subtitle track, seconds. */
async function times({ path, found }: Made, track: number): Promise<[number, number][]> {
  const { index } = found.other.filter(({ type }) => type === 'subtitle')[track]!;
  const { packets } = await readSubtitlePackets({ path, index, codec: 'copy', scratch: folder });
  // MPEG-4 timed text is two bytes of length where there is nothing.
  return packets.filter(({ data }) => data.length > 2).map(({ start, duration }) => [start, start + duration]);
}

/** ffmpeg of 2018 does not write that a sound is a comment, into the source either. */
function remarks(): string[] {
  return info.audio[1]!.dispositions ?? [];
}

const DOUBLED = EVENTS.map(({ start, end }): [number, number] => [2 * start, 2 * end]);

function assertTimes(found: readonly [number, number][], name: string): number {
  assert.equal(found.length, DOUBLED.length, name);
  const off = found.flat().map((time, i) => Math.abs(time - DOUBLED.flat()[i]!));
  assert.ok(Math.max(...off) <= 0.0011, `${name}: ${JSON.stringify(found)}`);
  return Math.max(...off);
}

test('Matroska keeps everything: sounds, styled text, pictures, font, cover, chapters, timecode, names, tags', async (context) => {
  const made = await (whole ??= write('all.mkv'));
  const { found, plan } = made;
  assert.deepEqual(trackNotes(plan), []);
  assert.deepEqual(
    found.audio.map(({ language, title, dispositions = [] }) => [language, title, ...dispositions]),
    [
      ['eng', 'Main', 'default'],
      ['fra', 'Remarks', ...remarks()],
    ],
  );
  const texts = found.other.filter(({ type }) => type === 'subtitle');
  assert.deepEqual(
    texts.map(({ codec, language, dispositions = [] }) => [codec, language, ...dispositions]),
    [
      ['ass', 'jpn', 'default'],
      ['subrip', undefined, 'forced'],
      ['webvtt', undefined],
      ['hdmv_pgs_subtitle', 'eng'],
    ],
  );
  let worst = 0;
  for (const track of [0, 1, 2]) worst = Math.max(worst, assertTimes(await times(made, track), texts[track]!.codec));
  const [on, , again] = await times(made, 3);
  assert.ok(Math.abs(on![0] - DOUBLED[0]![0]) < 0.0011 && Math.abs(again![0] - DOUBLED[1]![0]) < 0.0011);
  context.diagnostic(`${FIGURE}subtitles at half speed lie ${(worst * 1000).toFixed(1)} ms from their place, at most`);
  const ass = ffmpegOutput('-i', `file:${made.path}`, '-map', '0:s:0', '-c', 'copy', '-f', 'ass', '-').toString();
  assert.match(ass, /Style: Green,Arial,20/);
  assert.match(ass, /Default,,0,0,0,,\{\\k20\}Fi\{\\k60\}rst/);
  assert.match(ass, /Green,Bob,0,0,0,,\{\\pos\(20,30\)\}Second/);
  const vtt = ffmpegOutput('-i', `file:${made.path}`, '-map', '0:s:2', '-c', 'copy', '-f', 'webvtt', '-').toString();
  assert.match(vtt, /line:10% align:start/);
  assert.deepEqual(
    found.chapterList?.map(({ start, title }) => [start, title]),
    [
      [0, 'One = first'],
      [2, 'Two; second'],
    ],
  );
  const files = found.other.filter(({ type }) => type === 'attachment' || type === 'cover');
  assert.deepEqual(
    files.map(({ type, fileName, mimeType }) => [type, fileName, mimeType]),
    [
      ['attachment', 'font.ttf', 'font/ttf'],
      ['cover', 'cover.jpg', 'image/jpeg'],
    ],
  );
  assert.deepEqual(readFileSync(made.ready.files[0]!.path), readFileSync(join(folder, 'font.ttf')));
  const { tags } = found;
  const named = [tags['title'], tags['COMMENT'], tags['LOCATION'], tags['MAKE'], tags['MINE'], tags['creation_time']];
  assert.deepEqual(named, [
    'A film',
    'With a remark',
    '+51.5334-000.1255/',
    'Maker',
    'Own',
    '2020-01-02T03:04:05.000000Z',
  ]);
});

test('MP4 keeps what it can: text becomes its own, the cover stays; what is left out is said by name', async () => {
  const made = await write('all.mp4');
  const { found, plan } = made;
  const notes = trackNotes(plan).join('\n');
  assert.match(
    notes,
    /Subtitles 1 \(jpn, ass\): converted to MPEG-4 timed text; positions, animation and karaoke are lost/,
  );
  assert.match(
    notes,
    /Left out: subtitles 4 \(eng, hdmv_pgs_subtitle\): \.mp4 holds no subtitles that are pictures \(PGS\)/,
  );
  assert.match(notes, /Left out: attachment font\.ttf: \.mp4 has no place for it/);
  assert.match(notes, /Left out: the tags make, mine: \.mp4 has no place/);
  assert.deepEqual(
    found.audio.map(({ language, title, handler, dispositions = [] }) => [language, title ?? handler, ...dispositions]),
    [
      ['eng', 'Main', 'default'],
      ['fra', 'Remarks', ...remarks()],
    ],
  );
  const bytes = readFileSync(made.path);
  for (const title of ['Main', 'Remarks']) assert.ok(bytes.includes(`name${title}`), `${title} is the name of a track`);
  for (const track of [0, 1, 2]) assertTimes(await times(made, track), `text ${track}`);
  assert.equal(found.other.filter(({ type }) => type === 'cover').length, 1);
  assert.equal(found.chapterList?.length, 2);
  assert.equal(found.tags['timecode'], '01:00:00:10');
  assert.equal(found.tags['location'], '+51.5334-000.1255/');
});

test('a track too few, too many, or elsewhere is noticed', async () => {
  const { path, ready, output } = await (whole ??= write('all.mkv'));
  const [first, ...others] = ready.subtitles;
  const fails = async (what: RegExp, tracks: Partial<ReadyTracks>, sounds = [4, 4]): Promise<void> => {
    const expected = { plan: output, frames: FRAMES, timestamp: (k: number) => k, sounds };
    await assert.rejects(verifyOutput(path, { ...expected, tracks: { ...ready, ...tracks } }), what);
  };
  await fails(/4 subtitle tracks instead of 3/, { subtitles: others });
  await fails(/subtitles 1 have 2 events instead of 3/, { subtitles: [{ ...first!, count: 3 }, ...others] });
  await fails(/subtitles 1 end -1\.000 s beside/, { subtitles: [{ ...first!, end: first!.end! + 1 }, ...others] });
  await fails(/2 chapters instead of 1/, { chapters: ready.chapters.slice(1) });
  await fails(/chapter 2 starts at 2 s/, {
    chapters: ready.chapters.map((one, i) => ({ ...one, start: one.start + i * 5 })),
  });
  await fails(/1 attachments instead of 0/, { files: ready.files.slice(1) });
  await fails(/2 sound streams instead of 1/, {}, [4]);
});

test('a track that cannot be read is left out by name, empty ones stay; nothing else suffers', async () => {
  const known = await capabilities();
  const broken = { ...info, other: info.other.map((one) => (one.codec === 'subrip' ? { ...one, index: 77 } : one)) };
  const { container } = await planFor('yuv420p', { path: join(folder, 'x.mkv') });
  const plan = planTracks({ info: broken, container, mode: 'mute', timecode: undefined, capabilities: known });
  const options = { container: 'mkv', origin: 0, scratch: folder } as const;
  const ready = await prepareTracks(plan, { ...options, info: broken, map: SLOW });
  assert.deepEqual(
    ready.failed.map(({ what, fate }) => [what, fate]),
    [['subtitles 2 (subrip)', 'left out']],
  );
  assert.equal(ready.subtitles.length, 3);
  // Nothing is shown of the events: the tracks are there, and empty.
  const late = { duration: 1, pieces: [0], sourceAt: (output: number) => 1.7 + output / 10 };
  for (const name of ['empty.mkv', 'empty.mp4']) {
    const to = join(folder, name);
    const output = await planFor('yuv420p', { rate: { num: 25, den: 1 }, path: to });
    const request = {
      info,
      container: output.container,
      mode: 'mute',
      timecode: undefined,
      capabilities: known,
    } as const;
    const of = { info, container: output.container.name, map: late, origin: 0, scratch: folder };
    const empty = await prepareTracks(planTracks(request), of);
    assert.ok(empty.subtitles.length >= 3 && empty.subtitles.every(({ count }) => count === 0));
    await muxOutput({ chunks: [chunk], plan: output, tracks: empty, to, scratch: folder });
    await verifyOutput(to, { plan: output, frames: FRAMES, timestamp: (k) => k, tracks: empty });
  }
});

test('hostile names, missing types and two defaults', async () => {
  const known = await capabilities();
  const { container } = await planFor('yuv420p', { path: join(folder, 'x.mkv') });
  const attachment = (fileName: string | undefined, index: number) => ({
    index,
    type: 'attachment' as const,
    codec: '',
    ...(fileName !== undefined && { fileName }),
  });
  const names = ['../../etc/passwd', '..', 'C:\\Windows\\x.ttf', 'a\nb"c.otf', undefined, 'n'.repeat(400)];
  const other = names.map(attachment);
  const wide = { ...info.audio[0]!, channels: 16 };
  const audio = [...info.audio.map((one) => ({ ...one, dispositions: ['default'] })), wide];
  const plan = planTracks({
    info: { ...info, other, audio },
    container,
    mode: 'tape',
    timecode: 'none',
    capabilities: known,
  });
  assert.deepEqual(
    plan.files.map(({ name, mime }) => [name.length > 99 ? name.length : name, mime]),
    [
      ['passwd', 'application/octet-stream'],
      ['attachment-1', 'application/octet-stream'],
      ['x.ttf', 'application/x-truetype-font'],
      ['a_b_c.otf', 'application/vnd.ms-opentype'],
      ['attachment-4', 'application/octet-stream'],
      [200, 'application/octet-stream'],
    ],
  );
  assert.match(trackNotes(plan).join('\n'), /Left out: sound 3 .*16 channels are more than/);
  assert.match(trackNotes(plan).join('\n'), /Left out: timecode: it counts the frames of a constant rate/);
  assert.deepEqual(
    plan.sounds.map(({ stream }) => stream.dispositions),
    [['default'], ['default']],
  );
});
