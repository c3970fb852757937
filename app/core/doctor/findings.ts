/** What the doctor finds out, in plain data: the result of `doctor --json`. */
import type { DeviceReport } from '../nn/devices.ts';

export interface Problem {
  /** What is missing or wrong, one sentence. */
  readonly what: string;
  /** What to do about it, one sentence. */
  readonly todo: string;
}

export interface DoctorReport {
  readonly node: string;
  readonly ffmpeg: {
    path: string;
    version: string;
    origin: string;
    ffprobe: string | null;
    notes: readonly string[];
  } | null;
  /** The encoder that works for each codec, or false. */
  readonly encoders: Readonly<Record<string, string | false>>;
  readonly decoders: Readonly<Record<string, boolean>>;
  readonly filters: Readonly<Record<string, boolean>>;
  /** ONNX Runtime's version; null when it does not load. */
  readonly onnxruntime: string | null;
  /** Where networks can run, the one 'auto' tries first in front. */
  readonly devices: readonly DeviceReport[];
  readonly sqlite: string | null;
  readonly webassembly: { simd: boolean; threads: boolean };
  readonly home: { path: string; writable: boolean; freeBytes: number | null };
  readonly machine: { cores: number; cpu: string; memoryBytes: number; freeMemoryBytes: number };
  readonly problems: readonly Problem[];
}

/** What was found, before it is judged. `failures` are the sentences of what threw, by what it was. */
export type Findings = Omit<DoctorReport, 'problems'> & { readonly failures: Readonly<Record<string, string>> };
