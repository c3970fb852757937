/** `score`: how near engines come to the truth. */
import { AppError } from '../../contract/errors.ts';
import { readProtocol } from '../../core/score/protocol.ts';
import { readBaselines, scoreJson, scoreTable } from '../../core/score/report.ts';
import { runScore, type ScoreProgress } from '../../core/score/run.ts';
import { windowJson, windowTable } from '../../core/score/window-report.ts';
import { scoreWindows } from '../../core/score/window-run.ts';
import { deviceChoice } from '../../core/nn/device.ts';
import { deviceUsage, oneOf, parseWords } from '../slowmo-options.ts';
import { recognitionOf, scoreActions, RECOGNITION_FLAGS, RECOGNITION_USAGE } from '../score-recognition.ts';
import { OVERLAY_FLAGS, OVERLAY_USAGE, scoreOverlaysVerb } from '../score-overlays.ts';
import { statusLine } from '../status-line.ts';
import type { Verb } from '../verb.ts';

export const score: Verb = {
  name: 'score',
  summary: 'Measure engines against frames that are known',
  usage: `score PATH [--engines blend,glide] [--device D] [--json]
score --overlays FOLDER [--engines glide] [--clips N] [--speeds 0,2,6,12] [--json]
score PROTOCOL.json... --engines RECOGNISER,... [--confusion OUT.png] [--teach] [--device D] [--json]

  PATH       a protocol.json: an array of
               {"set", "id", "f0", "f1", "gt", "t"}  three images, paths relative to the protocol;
               {"set", "id", "video"}                a video: every odd frame is dropped and rebuilt, the set is SET:FILENAME;
               {"set", "id", "video", "frames": [A, TRUTH, B], "t"}  three frames of a video, by number;
               {"set", "id", "video", "window": [FIRST, STRIDE], "frames": 16, "size": 64}  frames of a video, its middle square made so
                                                     small; both ends are given, those between are made (no other entries then);
             or a folder of triplets (subfolders of three images: first, truth, second by name), or a video
  --engines  engine ids, separated by commas; for windows also those that in-between, each with a motion model after a colon, and
             with :enlarged to leave out guidance: fomm:adversarial,cvi:enlarged
  ${deviceUsage(11)}

  --mask auto  lay over what stands still, where a video tells (off)
${OVERLAY_USAGE}

  PSNR is over 8-bit RGB; SSIM and GMSD are on luma; each is the mean of the per-image values. A baselines.json beside the protocol is shown.
  Of windows also the error of the flow between consecutive pictures, and how much two takes of an engine with seeds differ.

${RECOGNITION_USAGE}`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: {
        engines: { type: 'string', default: 'blend,glide' },
        device: { type: 'string' },
        mask: { type: 'string' },
        ...OVERLAY_FLAGS,
        ...RECOGNITION_FLAGS,
      },
      allowPositionals: true,
    });
    const watched = await recognitionOf(positionals);
    if (watched) return await scoreActions(watched, values, io);
    if (values.teach || values.confusion !== undefined)
      throw new AppError('usage', '--teach and --confusion go with protocols of recognition: {"videos": [...]}.');
    if (values.overlays) return await scoreOverlaysVerb(positionals, values, io);
    const [path, ...extra] = positionals;
    if (path === undefined || extra.length > 0) throw new AppError('usage', 'score takes one path: score PATH.');
    const engines = [...new Set(values.engines.split(',').map((id) => id.trim()))];
    const status = statusLine(io);
    try {
      const items = await readProtocol(path);
      const progress =
        (what: string) =>
        ({ done, total, set, ...eta }: ScoreProgress) =>
          status.tell({ sentence: `${done} of ${total} ${what} (${set})`, fraction: done / total, ...eta });
      const options = {
        engines,
        device: deviceChoice(values.device),
        mask: oneOf('mask', values.mask ?? 'off', ['auto', 'off']) === 'auto',
        signal: io.signal,
      };
      const windows = items.filter((item) => item.kind === 'window');
      if (windows.length > 0) {
        const result = await scoreWindows(windows, { ...options, onProgress: progress('windows filled') });
        status.end();
        io.out(io.json ? JSON.stringify(windowJson(result)) : windowTable(result));
        return 0;
      }
      const frames = items.filter((item) => item.kind !== 'window');
      const result = await runScore(frames, { ...options, onProgress: progress('frames rebuilt') });
      status.end();
      io.out(io.json ? JSON.stringify(scoreJson(result)) : scoreTable(result, await readBaselines(path)));
      return 0;
    } finally {
      status.end();
    }
  },
};
