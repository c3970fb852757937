/** ncnn networks written for a test: the text of the layers, and their values one after another. */
import { writeFileSync } from 'node:fs';
import { readNetwork, type NcnnNetwork } from '../../../../app/core/engines/rife/ncnn/convert.ts';
import { ncnnGraphOf } from '../../../../app/core/import/ncnn.ts';
import { openCheckpoint } from '../../../../app/core/import/registry.ts';
import { random } from '../../import/support.ts';
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
