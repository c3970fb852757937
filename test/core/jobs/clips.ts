/** Small clips of ffmpeg's own, for tests of sequences. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SequenceSpec, RetimeResult, JobEvent } from '../../../app/contract/jobs.ts';
import { openHome, type Home } from '../../../app/core/base/home.ts';
import { runJob } from '../../../app/core/jobs/runner.ts';
import { openLibrary, type Library } from '../../../app/core/library/db.ts';

export interface ClipLook {
  rate?: string;
  size?: string;
  frames?: number;
  format?: string;
  /** Hz of a tone and its channels; none without. */
  tone?: { hertz: number; channels: number; sampleRate: number };
  /** More options before the output. */
  more?: string[];
  source?: string;
}

/** A folder with a library, and clips. */
export class Room implements AsyncDisposable {
  readonly folder: string;
  readonly home: Home;
  readonly db: Library;

  private constructor(folder: string, home: Home) {
    this.folder = folder;
    this.home = home;
    this.db = openLibrary(home);
  }

  static async make(): Promise<Room> {
    const folder = await mkdtemp(join(tmpdir(), 'inbetween-sequence-'));
    return new Room(folder, await openHome({ library: join(folder, 'library') }));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Moving test pictures without cuts or repeats, with the colour tags of `SETTINGS`. */
  clip(name: string, look: ClipLook = {}): string {
    const { rate = '25', size = '160x90', frames = 50, format = 'yuv420p', tone, more = [] } = look;
    const path = this.path(name);
    const source = look.source ?? `testsrc2=r=${rate}:s=${size}`;
    const sound = tone
      ? [
          '-f',
          'lavfi',
          '-i',
          `sine=f=${tone.hertz}:r=${tone.sampleRate}`,
          '-ac',
          String(tone.channels),
          '-ar',
          String(tone.sampleRate),
        ]
      : [];
    const tags = '-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709'.split(' ');
    const limit = ['-frames:v', String(frames), ...(tone ? ['-shortest'] : [])];
    const args = ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...sound, ...limit, '-pix_fmt', format, ...tags];
    execFileSync('ffmpeg', [
      ...args,
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-qp',
      '4',
      '-c:a',
      'pcm_s16le',
      ...more,
      path,
    ]);
    return path;
  }

  async run(
    spec: SequenceSpec,
    options: { signal?: AbortSignal; onEvent?: (event: JobEvent) => void } = {},
  ): Promise<RetimeResult> {
    return await runJob(spec, { db: this.db, home: this.home, threads: 1, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.db.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** MD5 of every frame's planes. */
export function frameHashes(path: string, filter = 'null'): string[] {
  const args = [
    '-v',
    'error',
    '-i',
    path,
    '-map',
    '0:v:0',
    '-vf',
    filter,
    '-fps_mode',
    'passthrough',
    '-f',
    'framemd5',
    '-',
  ];
  const text = execFileSync('ffmpeg', args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)!.trim());
}

/** The planes of frame `index`, filtered. */
export function frameAt(path: string, index: number, filter = 'null'): Buffer {
  const chain = `select=eq(n\\,${index}),${filter}`;
  const args = ['-v', 'error', '-i', path, '-vf', chain, '-frames:v', '1', '-f', 'rawvideo', '-'];
  return execFileSync('ffmpeg', args, { maxBuffer: 2 ** 26 });
}

/** PSNR of 8-bit samples. */
export function differenceDb(a: Buffer, b: Buffer): number {
  if (a.length !== b.length) throw new Error(`${a.length} bytes and ${b.length}`);
  let sum = 0;
  for (const [i, value] of a.entries()) sum += (value - b[i]!) ** 2;
  return sum === 0 ? Infinity : 10 * Math.log10((255 ** 2 * a.length) / sum);
}

/** Samples of one channel. */
export function samplesOf(path: string, channel: number): Float32Array {
  const args = ['-v', 'error', '-i', path, '-map', '0:a:0', '-af', `pan=mono|c0=c${channel}`, '-f', 'f32le', '-'];
  const bytes = execFileSync('ffmpeg', args, { maxBuffer: 2 ** 26 });
  return new Float32Array(new Uint8Array(bytes).buffer);
}
