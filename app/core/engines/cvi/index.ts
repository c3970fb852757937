/** CVI, the family: the film between two stills that may be far apart. docs/cvi.md says how it works and what it cannot do. */
import { AppError } from '../../../contract/errors.ts';
import { openCheckpoint } from '../../import/registry.ts';
import type { InbetweeningFamily } from '../family.ts';
import { configJson, FRAMES, parameterCount, parseConfig } from './config.ts';
import { CviInbetweener, isOwn } from './fill.ts';
import { hubJson, HubNetwork, recogniseHub } from './hub/run.ts';
import { CviNetwork } from './run.ts';
import { readCvi, recogniseCvi } from './weights.ts';

export const cvi: InbetweeningFamily = {
  kind: 'inbetween',
  id: 'cvi',
  version: '1',
  summary: 'A network that imagines sixteen frames of motion; another seed, another motion (CVI).',
  uses: { seed: true, motion: false, points: false },
  note(times) {
    if (times.every(isOwn)) return undefined;
    return `cvi makes ${FRAMES - 2} pictures; the ${times.length} asked for are found between them with glide.`;
  },
  async recognise(checkpoint) {
    const config = recogniseCvi(checkpoint);
    if (config) return { parameters: parameterCount(config), ...configJson(config) };
    const hub = await recogniseHub(checkpoint);
    return hub && hubJson(hub);
  },
  async open(path, setup, json) {
    await using checkpoint = await openCheckpoint(path);
    const hub = await recogniseHub(checkpoint);
    if (hub) return new CviInbetweener(await HubNetwork.open(hub, checkpoint, setup), setup);
    const config = parseConfig(json) ?? recogniseCvi(checkpoint);
    if (!config) throw new AppError('weights-mismatch', 'The checkpoint does not have the layers of CVI.');
    const network = await CviNetwork.open(config, await readCvi(checkpoint, config), setup);
    return new CviInbetweener(network, setup);
  },
};
