/** MoViNet, the family: what happens on footage, frame by frame or clip by clip. docs/movinet.md says how it works and what it cannot do. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { AppError } from '../../../contract/errors.ts';
import { openCheckpoint } from '../../import/registry.ts';
import { openSession } from '../../nn/session.ts';
import type { TagFamily } from '../family.ts';
import type { Tagger, TaggerSetup } from '../tagger.ts';
import type { Weights } from '../weights.ts';
import { configJson, parseConfig, type MovinetConfig } from './config.ts';
import { movinetGraph } from './graph.ts';
import { parameterCount } from './layers.ts';
import { StreamTagger } from './stream.ts';
import { readMovinet, recogniseMovinet } from './weights.ts';
import { WindowTagger } from './windows.ts';

const VERSION = '1';

export const movinet: TagFamily = {
  kind: 'tag',
  id: 'movinet',
  version: VERSION,
  summary: 'Says what happens on footage (MoViNet).',
  async recognise(checkpoint) {
    const config = await recogniseMovinet(checkpoint);
    return config && { parameters: parameterCount(config), ...configJson(config) };
  },
  async describe(json) {
    const config = parseConfig(json);
    if (!config) throw new AppError('weights-mismatch', 'What is said of the model is no MoViNet.');
    const { causal, resolution, rate } = config;
    return { mode: causal ? 'stream' : 'base', labels: await labelsOf(config), size: resolution, rate };
  },
  async open(path, setup, json, version) {
    await using checkpoint = await openCheckpoint(path);
    const { config, weights } = await readMovinet(checkpoint, parseConfig(json));
    return await openMovinet(config, weights, setup, version);
  },
  async trial(path, json, signal) {
    await using tagger = await movinet.open(path, { threads: 2 }, json);
    const pixels = Float32Array.from({ length: 2 * 3 * tagger.size ** 2 }, (_, i) => (i % 251) / 250);
    await tagger.push(pixels, 2, signal);
    await tagger.finish(signal);
  },
};

/** A tagger of weights that are here, as weights.ts gives them. `version`: what tells it from others where states are kept. Throws what `openSession` throws. */
export async function openMovinet(
  config: MovinetConfig,
  weights: Weights,
  setup: TaggerSetup,
  version = VERSION,
): Promise<Tagger> {
  const { threads = availableParallelism(), device, memory: seconds = config.memory ?? Infinity } = setup;
  const memory = Math.max(1, Math.round(seconds * config.rate));
  const labels = await labelsOf(config);
  const { resolution: side } = config;
  const graph = movinetGraph(config, weights, { width: side, height: side, memory });
  const session = await openSession(graph, { threads, device });
  const parts = { config, session, labels, threads, version };
  return config.causal ? new StreamTagger(parts, memory) : new WindowTagger(parts);
}

const namesSchema = z.array(z.string()).length(600);

/** What the classes of a network are called; those of Kinetics-600 where it has as many and says no more, else numbers. */
async function labelsOf({ labels, classes }: MovinetConfig): Promise<readonly string[]> {
  if (labels) return labels;
  if (classes !== 600) return Array.from({ length: classes }, (_, i) => `label ${i + 1}`);
  const text = await readFile(new URL('./kinetics-600.json', import.meta.url), 'utf8');
  return namesSchema.parse(JSON.parse(text));
}
