/** What was found out about devices, kept in the library's folder: trying one takes seconds. Losing it costs only those. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Device } from '../../contract/jobs.ts';
import { homeAt, homeFolder } from '../base/home.ts';
import { canonicalJson, parseJson } from '../base/json.ts';
import type { Graph } from '../onnx/graph.ts';
import { trialSchema, type Trial } from './trial.ts';

/** A driver that is installed is noticed the next day, or by `doctor`. One that works is not tried again for a month. */
const REFUSED_MS = 24 * 3600_000;
const WORKS_MS = 30 * REFUSED_MS;
const MOST = 500;

const fileSchema = z.record(z.string(), z.object({ at: z.number(), trial: trialSchema }));

function path(): string {
  return join(homeAt(homeFolder()).root, 'devices.json');
}

async function read(): Promise<z.infer<typeof fileSchema>> {
  const found = parseJson(fileSchema, await readFile(path(), 'utf8').catch(() => '')) ?? {};
  const now = Date.now();
  const fresh = Object.entries(found).filter(([, { at, trial }]) => {
    return at <= now && now - at < (trial.reason === undefined ? WORKS_MS : REFUSED_MS);
  });
  return Object.fromEntries(fresh);
}

/** What was found, if it still holds. */
export async function recall(key: string): Promise<Trial | undefined> {
  return (await read())[key]?.trial;
}

/** Keeps it. A folder that cannot be written to is no reason to fail. */
export async function remember(key: string, trial: Trial): Promise<void> {
  const aside = `${path()}.${process.pid}`;
  try {
    const entries = Object.entries({ ...(await read()), [key]: { at: Date.now(), trial } });
    const kept = entries.toSorted(([, a], [, b]) => b.at - a.at).slice(0, MOST);
    await mkdir(dirname(path()), { recursive: true });
    await writeFile(aside, JSON.stringify(Object.fromEntries(kept)));
    await rename(aside, path());
  } catch {
    await rm(aside, { force: true }).catch(() => {});
  }
}

/** Names a device and a model on this system: another runtime, driver setting or network shape is another key. */
export function trialKey(device: Device, model: Graph | Uint8Array, runtime: string, threads: number): string {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES, LD_LIBRARY_PATH } = process.env;
  const system = { runtime, os: process.platform, arch: arch(), VK_ICD_FILENAMES, VK_DRIVER_FILES, LD_LIBRARY_PATH };
  const hash = createHash('sha256').update(canonicalJson({ device, threads, ...system }));
  return hash.update(model instanceof Uint8Array ? model : canonicalJson(shapeOf(model))).digest('hex');
}

/** The graph without the numbers in its weights. */
function shapeOf({ inputs, outputs, nodes, initialisers }: Graph): unknown {
  const weights = initialisers.map(({ name, dtype, dims, data }) => {
    // Small ones are sizes, axes, factors: another network.
    return {
      name,
      dtype,
      dims,
      ...(data.length <= 16 && { data: Array.from(data as ArrayLike<number | bigint>, String) }),
    };
  });
  const bare = nodes.map(({ op, inputs: from, outputs: to, attributes }) => [op, from, to, attributes]);
  return { inputs, outputs: outputs.map(({ name }) => name), bare, weights };
}
