/** `frame`: the picture between two stills. */
import { AppError } from '../../contract/errors.ts';
import { DEFAULT_ENGINE } from '../../core/engines/registry.ts';
import { betweenStills } from '../../core/stills/between.ts';
import { deviceChoice } from '../../core/nn/device.ts';
import { deviceUsage, parseWords } from '../slowmo-options.ts';
import type { Verb } from '../verb.ts';

export const frame: Verb = {
  name: 'frame',
  summary: 'Make the picture between two stills',
  usage: `frame A B -o OUT.png [-t 0.5] [--engine ID] [--device D] [--force] [--json]

  -t T         where on the way from A to B, 0 to 1 (0.5)
  --engine ID  glide, glide:draft, glide:best, blend, hold, or a network that models list shows
  ${deviceUsage(13)}
  --force      replace an existing output

  The stills have one size. 16-bit PNG stays 16-bit and alpha is kept.`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: {
        output: { type: 'string', short: 'o' },
        t: { type: 'string', short: 't', default: '0.5' },
        engine: { type: 'string', default: DEFAULT_ENGINE },
        device: { type: 'string' },
        force: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
    const [a, b, ...extra] = positionals;
    if (a === undefined || b === undefined || extra.length > 0) {
      throw new AppError('usage', 'frame takes two stills: frame A B -o OUT.png.');
    }
    const { output, engine, force } = values;
    const device = deviceChoice(values.device);
    if (output === undefined) throw new AppError('usage', 'frame needs the output: frame A B -o OUT.png.');
    const t = values.t.trim() === '' ? Number.NaN : Number(values.t);
    if (!(t >= 0 && t <= 1)) throw new AppError('usage', `-t is a number from 0 to 1, not '${values.t}'.`);
    const result = await betweenStills({ a, b, output, t, engine, device, force, signal: io.signal });
    if (io.json) io.out(JSON.stringify(result));
    else {
      const sure = `confidence ${result.confidence.toFixed(2)}`;
      io.out(
        `${result.output}\n  at ${t} by ${result.engine} on ${result.device}, ${sure}, ${result.seconds.toFixed(1)} s`,
      );
    }
    return 0;
  },
};
