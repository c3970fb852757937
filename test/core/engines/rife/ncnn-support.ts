/** ncnn networks written for a test: the text of the layers, and their values one after another. */
import { writeFileSync } from 'node:fs';
import { convertNetwork, readNetwork, type NcnnNetwork } from '../../../../app/core/engines/rife/ncnn/convert.ts';
import { ncnnGraphOf } from '../../../../app/core/import/ncnn.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { random } from '../../import/support.ts';
import { runGraph, tensor } from '../../onnx/support.ts';
import { scratch } from './support.ts';

/** Kernels have four bytes before them that say float32; biases, slopes and data have not. */
export interface Piece {
  readonly values: readonly number[];
  readonly tagged: boolean;
}

export const kernel = (values: readonly number[]): Piece => ({ values, tagged: true });
export const plain = (values: readonly number[]): Piece => ({ values, tagged: false });

/** Writes NAME.param and NAME.bin; gives the path of the first. */
export function writeNcnn(name: string, layers: readonly string[], pieces: readonly Piece[] = []): string {
  const blobs = new Set(
    layers.flatMap((line) =>
      line
        .split(/\s+/)
        .slice(4)
        .filter((word) => !word.includes('=')),
    ),
  );
  writeFileSync(scratch(`${name}.param`), `7767517\n${layers.length} ${blobs.size}\n${layers.join('\n')}\n`);
  const bytes = pieces.flatMap(({ values, tagged }) => {
    const data = Float32Array.from(values);
    return [Buffer.alloc(tagged ? 4 : 0), Buffer.from(data.buffer)];
  });
  writeFileSync(scratch(`${name}.bin`), Buffer.concat(bytes));
  return scratch(`${name}.param`);
}

export async function readNcnn(path: string): Promise<NcnnNetwork> {
  await using checkpoint = await openCheckpoint(path);
  return await readNetwork(ncnnGraphOf(checkpoint)!, checkpoint);
}

/** `count` numbers in (-1, 1), the same each time. */
export function numbers(count: number, seed = 1): number[] {
  const next = random(seed);
  return Array.from({ length: count }, () => 2 * next() - 1);
}

/**
 * What one layer makes of `inputs` ([c, h, w] each). `rest` is what follows the layer's name and blobs; its outputs are named y0, y1, ...
 */
export async function layer(
  type: string,
  inputs: readonly { dims: readonly number[]; values: readonly number[] }[],
  settings: string,
  pieces: readonly Piece[] = [],
  outputs = 1,
): Promise<{ dims: readonly number[]; values: number[] }[]> {
  const ins = inputs.map((_, i) => `x${i}`);
  const outs = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const heads = ins.map((blob) => `Input ${blob} 0 1 ${blob}`);
  const line = `${type} layer ${ins.length} ${outs.length} ${[...ins, ...outs].join(' ')} ${settings}`;
  const network = await readNcnn(writeNcnn('layer', [...heads, line], pieces));
  const sizes = Object.fromEntries(inputs.map(({ dims }, i) => [`x${i}`, [1, ...dims]]));
  const graph = convertNetwork(network, sizes, Object.fromEntries(outs.map((blob) => [blob, blob])));
  const given = Object.fromEntries(inputs.map(({ dims, values }, i) => [`x${i}`, tensor([1, ...dims], values)]));
  const made: Readonly<Record<string, Tensor>> = await runGraph(graph, given);
  return outs.map((blob) => ({
    dims: made[blob]!.dims.slice(1),
    values: Array.from(made[blob]!.data as Float32Array),
  }));
}
