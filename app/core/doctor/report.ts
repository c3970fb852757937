/** What this machine can do for Inbetween, found out by doing it. */
import { mkdtemp, mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { toAppError } from '../../contract/errors.ts';
import { homeAt, homeFolder } from '../base/home.ts';
import { openLibrary } from '../library/db.ts';
import { capabilities, encoderTrial } from '../media/capabilities.ts';
import type { Capabilities } from '../media/capabilities.ts';
import { locateFfmpeg } from '../media/ffmpeg.ts';
import type { FfmpegBuild } from '../media/ffmpeg.ts';
import { examineDevices } from '../nn/devices.ts';
import { runtimeVersion } from '../nn/ort.ts';
import { findProblems } from './problems.ts';
import type { DoctorReport, Findings } from './findings.ts';

/** For each codec, its encoders in order of preference. */
export const ENCODERS: Readonly<Record<string, readonly string[]>> = {
  h264: ['libx264', 'h264_videotoolbox', 'h264_nvenc', 'h264_qsv', 'h264_amf', 'libopenh264'],
  hevc: ['libx265', 'hevc_videotoolbox', 'hevc_nvenc', 'hevc_qsv', 'hevc_amf'],
  av1: ['libsvtav1', 'libaom-av1', 'librav1e', 'av1_nvenc', 'av1_qsv'],
  vp9: ['libvpx-vp9', 'vp9_qsv'],
  prores: ['prores_ks', 'prores', 'prores_videotoolbox'],
  ffv1: ['ffv1'],
  png: ['png'],
  exr: ['exr'],
  aac: ['aac', 'libfdk_aac'],
  opus: ['libopus'],
  flac: ['flac'],
  pcm: ['pcm_s16le', 'pcm_s24le'],
};

/** Codecs that people bring; the names are ffprobe's. */
export const DECODERS: readonly string[] =
  'h264 hevc av1 vp9 vp8 vvc prores dnxhd mjpeg mpeg2video mpeg4 ffv1 gif png exr tiff webp aac mp3 opus vorbis flac ac3'.split(
    ' ',
  );

/** Filters without which something does not work. */
export const FILTERS: readonly string[] =
  'scale format transpose hflip vflip showinfo select setparams aresample'.split(' ');

/** Finds everything out. Never throws for what is missing: that is in `problems`. Throws cancelled. */
export async function examine(signal?: AbortSignal): Promise<DoctorReport> {
  const failures: Record<string, string> = {};
  const attempt = async <T>(name: string, work: () => Promise<T>): Promise<T | null> => {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      failures[name] = toAppError(error).message;
      return null;
    }
  };
  const build = await attempt('ffmpeg', locateFfmpeg);
  const able = build && (await attempt('ffmpeg', () => capabilities(build)));
  const findings: Findings = {
    node: process.versions.node,
    ffmpeg: build && describeBuild(build),
    encoders: able ? await workingEncoders(able, signal) : {},
    decoders: Object.fromEntries(DECODERS.map((codec) => [codec, able?.decodes.has(codec) ?? false])),
    filters: Object.fromEntries(FILTERS.map((filter) => [filter, able?.filters.has(filter) ?? false])),
    onnxruntime: await attempt('onnxruntime', runtimeVersion),
    devices: (await attempt('onnxruntime', () => examineDevices(availableParallelism(), signal))) ?? [],
    sqlite: await attempt('sqlite', sqliteVersion),
    webassembly: webAssemblyFeatures(),
    home: await homeState(),
    machine: {
      cores: availableParallelism(),
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      memoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
    },
    failures,
  };
  return withoutFailures(findings);
}

function withoutFailures(findings: Findings): DoctorReport {
  const { failures, ...report } = findings;
  return { ...report, problems: findProblems({ ...report, failures }) };
}

function describeBuild({ path, version, origin, ffprobe, notes }: FfmpegBuild): DoctorReport['ffmpeg'] {
  return { path, version, origin, ffprobe: ffprobe ?? null, notes };
}

async function workingEncoders(able: Capabilities, signal?: AbortSignal): Promise<Record<string, string | false>> {
  const found: Record<string, string | false> = {};
  for (const [codec, names] of Object.entries(ENCODERS)) {
    found[codec] = false;
    for (const name of names) {
      signal?.throwIfAborted();
      if (!able.encoders.has(name) || !(await encoderTrial(name, able.build)).works) continue;
      found[codec] = name;
      break;
    }
  }
  return found;
}

async function sqliteVersion(): Promise<string> {
  using library = openLibrary({ database: ':memory:' });
  const row = library.get(z.object({ version: z.string() }), 'SELECT sqlite_version() AS version');
  return row?.version ?? 'unknown';
}

/** WebAssembly's own check of two tiny modules: one with a 128-bit vector, one with an atomic access to shared memory. */
function webAssemblyFeatures(): { simd: boolean; threads: boolean } {
  const header = [0, 97, 115, 109, 1, 0, 0, 0];
  const simd = [1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
  const threads = [1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 4, 1, 3, 1, 1, 10, 11, 1, 9, 0, 65, 0, 254, 16, 2, 0, 26, 11];
  // TypeScript knows WebAssembly only with the DOM.
  const found: unknown = Reflect.get(globalThis, 'WebAssembly');
  const wasm = found as { validate(bytes: Uint8Array): boolean } | undefined;
  const valid = (code: readonly number[]): boolean => wasm?.validate(Uint8Array.from([...header, ...code])) ?? false;
  return { simd: valid(simd), threads: valid(threads) && typeof SharedArrayBuffer === 'function' };
}

async function homeState(): Promise<DoctorReport['home']> {
  const { root } = homeAt(homeFolder());
  try {
    await mkdir(root, { recursive: true });
    const trial = await mkdtemp(join(root, '.doctor-'));
    await writeFile(join(trial, 'trial'), 'x');
    await rm(trial, { recursive: true });
    return { path: root, writable: true, freeBytes: await freeBytes(root) };
  } catch {
    return { path: root, writable: false, freeBytes: await freeBytes(tmpdir()).catch(() => null) };
  }
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
