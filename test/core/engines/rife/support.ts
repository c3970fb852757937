/** Checkpoints of random numbers, as PyTorch names them, and networks run on them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { PUBLISHED, type RifeConfig } from '../../../../app/core/engines/rife/config.ts';
import { wantsOf } from '../../../../app/core/engines/rife/weights.ts';
import type { Weights } from '../../../../app/core/engines/weights.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { random, safetensorsBytes } from '../../import/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'inbetween-rife-'));
after(() => rmSync(folder, { recursive: true, force: true }));

export function scratch(name: string): string {
  return join(folder, name);
}

/** A network of the same kind with few channels. */
export function narrow(config: RifeConfig): RifeConfig {
  const widths = config.widths.map((_, n) => 8 + 4 * (config.widths.length - n));
  const encoder = config.encoder && { ...config.encoder, hidden: 6, outputs: 2 };
  return { ...config, widths, encoder };
}

/** Versions of PUBLISHED with few channels. */
export function kind(versions: string): RifeConfig {
  return narrow(PUBLISHED.find((row) => row.versions === versions)!.config);
}

export function product(dims: readonly number[]): number {
  return dims.reduce((total, size) => total * size, 1);
}

/** Weights by the names of a state dict, for activations that stay about 1 and flows of some pixels. */
export function stateDict(config: RifeConfig, seed = 1): Map<string, Tensor> {
  const next = random(seed);
  return new Map(
    wantsOf(config).map(({ from, dims }) => {
      const name = from[0]!;
      const isKernel = dims.length === 4 && dims[0] !== 1;
      const spread = isKernel ? Math.sqrt(3 / (product(dims.slice(1)) * (name.includes('lastconv') ? 4 : 1))) : 0.3;
      const data = Float32Array.from({ length: product(dims) }, () => (2 * next() - 1) * spread);
      return [name, { dtype: 'float32', dims, data }];
    }),
  );
}

export function zeros(config: RifeConfig): Weights {
  return new Map(
    wantsOf(config).map(({ value, dims }) => [
      value,
      { dtype: 'float32', dims, data: new Float32Array(product(dims)) },
    ]),
  );
}

/** Writes tensors as safetensors; gives the path. */
export function write(name: string, tensors: ReadonlyMap<string, Tensor>, metadata?: Record<string, string>): string {
  let at = 0;
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  for (const [key, { dims, data }] of tensors) {
    header[key] = { dtype: 'F32', shape: dims, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
  }
  const parts = [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  writeFileSync(scratch(name), safetensorsBytes(header, Buffer.concat(parts)));
  return scratch(name);
}

/** Smooth pictures [3, h, w] in 0..1 that differ by a shift. */
export function picture(width: number, height: number, shift: number): Float32Array {
  return Float32Array.from({ length: 3 * width * height }, (_, i) => {
    const [x, y, c] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    return 0.5 + 0.25 * Math.sin((x - shift) / (3 + c)) + 0.2 * Math.cos((y + shift / 2) / (4 + c));
  });
}

export function largest(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const apart = Math.abs(a[i]! - b[i]!);
    if (!(apart <= most)) most = apart;
  }
  return most;
}
