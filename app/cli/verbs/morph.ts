/** `morph`: the animation from one still to another. */
import { AppError } from '../../contract/errors.ts';
import { MOST_RECURSIONS, morphStills } from '../../core/morph/run.ts';
import { deviceChoice } from '../../core/nn/device.ts';
import { parseRate } from '../../core/time/rational.ts';
import { clock } from '../progress.ts';
import { deviceUsage, parseWords } from '../slowmo-options.ts';
import { statusLine } from '../status-line.ts';
import type { Verb } from '../verb.ts';

export const morph: Verb = {
  name: 'morph',
  summary: 'Make the animation from one still to another',
  usage: `morph A B --recursions N -o OUT.webm [--fps R] [--engine ID] [--device D] [--force] [--json]

  --recursions N  1 to ${MOST_RECURSIONS}: 2^N - 1 new frames between the stills (4: 15 frames)
  --fps R         frames a second (30)
  --engine ID     film, or any other engine
  ${deviceUsage(16)}
  --force         replace an existing output

  The stills have one size. The film is VP9 and begins and ends with the stills themselves.`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: {
        output: { type: 'string', short: 'o' },
        recursions: { type: 'string', default: '4' },
        fps: { type: 'string', default: '30' },
        engine: { type: 'string', default: 'film' },
        device: { type: 'string' },
        force: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
    const [a, b, ...extra] = positionals;
    if (a === undefined || b === undefined || extra.length > 0)
      throw new AppError('usage', 'morph takes two stills: morph A B -o OUT.webm.');
    const { output, engine, force } = values;
    if (output === undefined) throw new AppError('usage', 'morph needs the output: morph A B -o OUT.webm.');
    const recursions = /^\d{1,3}$/.test(values.recursions) ? Number(values.recursions) : Number.NaN;
    if (!(recursions >= 1 && recursions <= MOST_RECURSIONS))
      throw new AppError(
        'usage',
        `--recursions is a whole number from 1 to ${MOST_RECURSIONS}, not '${values.recursions}'.`,
      );
    const device = deviceChoice(values.device);
    const fps = parseRate(values.fps);
    const status = statusLine(io);
    try {
      const result = await morphStills({
        ...{ a, b, output, recursions, engine, device, fps, force },
        signal: io.signal,
        onNote: (message) => io.err(io.json ? JSON.stringify({ type: 'note', message }) : `Note: ${message}`),
        onProgress: ({ done, total, etaSeconds }) =>
          status.tell({
            sentence: `${done} of ${total} frames`,
            fraction: done / total,
            ...(etaSeconds !== undefined && { etaSeconds }),
          }),
      });
      status.end();
      if (io.json) io.out(JSON.stringify(result));
      else {
        const { frames, made, seconds, confidence } = result;
        io.out(
          `${result.output}\n  ${frames} frames at ${result.fps}, ${made} of them made by ${result.engine} on ${result.device}, ` +
            `none less certain than ${confidence.toFixed(2)}, ${clock(seconds)}`,
        );
      }
      return 0;
    } finally {
      status.end();
    }
  },
};
