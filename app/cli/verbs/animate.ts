/** `animate`: a still moved as a video moves. */
import { resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { animate as animateStill } from '../../core/keypoints/animate.ts';
import { MOVE_FLAGS, MOVE_USAGE, moveWith, outputOf } from '../keypoint-options.ts';
import { deviceUsage, parseWords } from '../slowmo-options.ts';
import type { Verb } from '../verb.ts';

export const animate: Verb = {
  name: 'animate',
  summary: 'Move a still as a video moves (the First Order Motion Model)',
  usage: `animate STILL DRIVING -o OUT [options]

${MOVE_USAGE} (the driving video's)
  ${deviceUsage(14)}
  --force       replace an existing output

Key points are found in the still and in every frame of the driving video; the still's move with the others, as far as the video's
moved since its first frame. It works where both show the same kind of thing, alike in place and size. There is no sound.`,
  async run(args, io) {
    const { values, positionals } = parseWords({ args: [...args], options: MOVE_FLAGS, allowPositionals: true });
    const [still, driving, ...extra] = positionals;
    if (still === undefined || driving === undefined || extra.length > 0)
      throw new AppError('usage', 'animate takes a still and a video: animate STILL DRIVING -o OUT.webm.');
    const output = outputOf(values, 'animate STILL DRIVING -o OUT.webm');
    return await moveWith(values, io, (options) => animateStill(resolve(still), resolve(driving), output, options));
  },
};
