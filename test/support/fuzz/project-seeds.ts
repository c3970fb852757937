/** A sound file of every kind of project, list and setting that is read, as what mutations begin with. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SPAN_RULES } from '../../../app/contract/tags.ts';
import { openLibrary } from '../../../app/core/library/db.ts';
import { createProject } from '../../../app/core/projects/list.ts';
import { writeEdl } from '../../../app/core/projects/interchange/edl-write.ts';
import { writeFcpxml } from '../../../app/core/projects/interchange/fcpxml-write.ts';
import { writeInbetween } from '../../../app/core/projects/interchange/inbetween-file.ts';
import { taughtText } from '../../../app/core/teach/taught-file.ts';
import { boardOf, gap } from '../../core/boards/boards-fixture.ts';
import { sequenceClip, sequenceSpec } from '../../core/jobs/sequence-support.ts';
import { countSpec } from '../../core/jobs/support.ts';
import { gap as morphGap, morphOf } from '../../core/morph/support.ts';
import { everything } from '../../core/projects/interchange-fixture.ts';
import { seedMarked } from '../marked.ts';
import type { TextKind } from './mutate-text.ts';

export interface ProjectSeed {
  /** Which reader it is given to (project-victim.ts). */
  readonly reader: string;
  readonly ending: string;
  readonly kind: TextKind;
  readonly bytes: Buffer;
  /** Of a thousand mutations, how many. */
  readonly share: number;
}

const RATE = { num: 25, den: 1 };
const FOREIGN_EDL = `TITLE: other
FCM: NON-DROP FRAME
001  AX       V     C        00:00:01:00 00:00:05:00 01:00:00:00 01:00:04:00
* FROM CLIP NAME: a.mov
M2   AX       012.5                00:00:01:00
002  BL       V     C        00:00:00:00 00:00:01:00 01:00:04:00 01:00:05:00
003  AX       V     D    012 00:00:09:00 00:00:12:00 01:00:05:00 01:00:08:00
* LOC: 01:00:06:00 RED     marked
`;
const FOREIGN_XML = `<?xml version="1.0"?><!DOCTYPE fcpxml>
<fcpxml version="1.11"><resources><format id="r1" frameDuration="100/2997s" width="1280" height="720"/>
<asset id="r2" name="a" start="3600s" duration="10s" hasVideo="1"><media-rep kind="original-media" src="file:///clips/a%20b.mov"/></asset></resources>
<library><event><project name="p"><sequence format="r1" tcStart="3600s" duration="8s"><spine>
<asset-clip ref="r2" name="a" offset="3600s" start="3601s" duration="300300/29970s"><timeMap><timept time="0s" value="0s" interp="smooth2"/><timept time="8s" value="2s"/></timeMap><marker start="3602s" duration="1/25s" value="m"/></asset-clip>
<gap offset="3608s" duration="1s"/><video ref="r2" offset="3609s" duration="1s"/></spine></sequence></project></event></library></fcpxml>`;

function json(reader: string, value: unknown, share = 40): ProjectSeed {
  return { reader, ending: 'json', kind: 'json', bytes: Buffer.from(JSON.stringify(value)), share };
}

function lines(reader: string, text: string, share = 30): ProjectSeed {
  return { reader, ending: 'txt', kind: 'lines', bytes: Buffer.from(text), share };
}

/** A library with a tagged clip and a project, as one file. */
function libraryBytes(folder: string): Buffer {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'seed.db');
  const db = openLibrary({ database: path });
  seedMarked(db, 'spin');
  createProject(db, 'seed');
  db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  return readFileSync(path);
}

export function projectSeeds(folder: string): ProjectSeed[] {
  const project = everything(RATE);
  const file = join(folder, 'seed');
  const written = (ending: string, kind: TextKind, text: string, share: number): ProjectSeed => ({
    ...{ reader: 'project', ending, kind, share },
    bytes: Buffer.from(text),
  });
  const taught = {
    ...{ label: 'spin', engine: 'net', engineVersion: '1', positive: 3, negative: 12, accuracy: 0.875 },
    classifier: {
      ...{ method: 'mean' as const, slope: 5.25, offset: -0.1, centre: Float32Array.of(0.1, -2, 3e-9) },
      rows: [Float32Array.of(1, 0, 0), Float32Array.of(0, 0.6, 0.8)],
    },
  };
  const point = [0.1, 0.2, 1, 0, 0, 1];
  const tag = {
    ...{ kind: 'tag', title: 't', input: '/a.mp4', engine: 'net', rules: SPAN_RULES, labels: ['walk'], top: 3 },
    ...{ output: '/a.json', force: false },
  };
  const curve = [
    { output: 0, source: 0, ease: 'linear' },
    { output: 4, source: 1, ease: 'smooth' },
    { output: 6, source: 3, ease: 'bezier', handles: [0.3, 0.1, 0.6, 0.9] },
    { output: 8, source: 3, ease: 'hold' },
  ];
  const board = boardOf(['/a.png', '/b.png'], { gaps: [gap({ frames: 14, takes: [1, 7], take: 1 }), gap()] });
  return [
    written('inbetween', 'json', writeInbetween(project, `${file}.inbetween`).text, 180),
    written('fcpxml', 'xml', writeFcpxml(project).text, 120),
    written('fcpxml', 'xml', FOREIGN_XML, 90),
    written('edl', 'lines', writeEdl(project).text, 60),
    written('edl', 'lines', FOREIGN_EDL, 60),
    json('curve', { keys: curve }),
    lines('curve', JSON.stringify({ keys: curve }), 10),
    json('cuts', { cuts: [1, 2.5, 60] }, 20),
    lines('cuts', '# cuts\n1.5\n00:00:02.250\n01:02:03\n', 20),
    json('recipe', { speed: '1/4', engine: 'hold', audio: 'tape', fps: '30000/1001', quality: 12, force: true }, 50),
    json('taught', JSON.parse(taughtText(taught))),
    json('points', {
      format: 'inbetween-keypoints',
      version: 1,
      model: 'm',
      points: 2,
      windows: [{ source: 's', index: 0, stride: 1, frames: [[point, point]] }],
    }),
    json(
      'protocol',
      [
        { set: 'a', id: '1', f0: 'a.png', f1: 'b.png', gt: 'c.png', t: 0.5 },
        { set: 'a', id: '2', video: 'v.mp4' },
      ],
      20,
    ),
    json(
      'recognition',
      { videos: [{ file: 'a.mp4', label: 'walk', spans: [{ label: 'walk', start: 0, end: 2 }] }] },
      20,
    ),
    lines('windows', 'person01_walking_d1\t\tframes\t1-95, 96-185\nclip.mp4\n', 15),
    json('mapping', { config: { width: 3 }, tensors: { a: 'b', c: null }, ignore: ['x'] }, 15),
    json('job', countSpec('/a.mp4', '/b.mp4', { curve: { keys: curve as never } }), 30),
    json('job', sequenceSpec([sequenceClip('/a.mp4', 0, 50), sequenceClip('/b.mp4', 60, 50)], '/out.mp4'), 30),
    json('job', morphOf(['/a.png', '/b.png'], '/out.mp4', [morphGap(4)]), 25),
    json('job', tag, 15),
    json('board', board, 30),
    json(
      'settings',
      { theme: 'dark', motion: 'full', keys: { preset: 'premiere', changed: { play: ['Space'] } }, cacheBytes: 1e9 },
      15,
    ),
    lines('query', 'walk > 0.5 longer than 1 s in "a b" before spin\n', 15),
    { reader: 'library', ending: 'db', kind: 'lines', bytes: libraryBytes(folder), share: 30 },
  ];
}
