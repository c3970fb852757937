/** `demo`: the main job on a clip whose truth is known. */
import { AppError } from '../../contract/errors.ts';
import { openApp } from '../../core/app.ts';
import { runDemo } from '../../core/demo/run.ts';
import { progressPrinter } from '../progress.ts';
import { parseWords } from '../slowmo-options.ts';
import { statusLine } from '../status-line.ts';
import type { Verb } from '../verb.ts';

export const demo: Verb = {
  name: 'demo',
  summary: 'Slow a clip made by code to a quarter and show how near the new frames are to the truth',
  usage: `demo [--out DIR] [--json]

  --out DIR  where the clip, its slow motion and the contact sheet go (./demo); what an earlier demo left there is replaced`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: { out: { type: 'string', default: 'demo' } },
      allowPositionals: true,
    });
    if (positionals.length > 0) throw new AppError('usage', 'demo takes no words: demo [--out DIR].');
    await using app = await openApp();
    const status = statusLine(io);
    const progress = progressPrinter(io);
    const end = () => {
      progress.end();
      status.end();
    };
    try {
      const { psnrGlide, psnrBlend, video, sheet } = await runDemo({
        folder: values.out,
        slowmo: (spec, options) => app.run(spec, options),
        signal: io.signal,
        onStage: (sentence) => {
          end();
          status.tell({ sentence });
        },
        onEvent: progress.listen,
      });
      end();
      if (io.json) {
        io.out(JSON.stringify({ psnrGlide: round(psnrGlide), psnrBlend: round(psnrBlend), video, sheet }));
      } else {
        io.out(
          `glide ${psnrGlide.toFixed(2)} dB, blend ${psnrBlend.toFixed(2)} dB (PSNR of the new frames against the truth)`,
        );
        io.out(`video          ${video}`);
        io.out(`contact sheet  ${sheet}`);
      }
      return 0;
    } finally {
      end();
    }
  },
};

function round(value: number): number {
  return Number(value.toFixed(4));
}
