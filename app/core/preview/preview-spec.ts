/** A sequence as its preview is rendered: smaller, and as every player plays it. */
import type { SequenceClip, SequenceSpec } from '../../contract/jobs.ts';
import type { SequenceSettings } from '../../contract/project.ts';
import type { Settings } from '../../contract/settings.ts';
import { SHOWN } from '../media/convert-colour.ts';
import type { OutputPlan } from '../media/output-format.ts';
import { isHdrTransfer } from '../media/tone-map.ts';

/** Output frames in a chunk of a preview: what is waited for before anything shows. */
export const PREVIEW_CHUNK = 12;
/** Frames between two keyframes: what stepping backwards decodes at most. */
const KEYFRAMES = 6;
/** CRF: what is looked at while editing. */
const QUALITY = 20;

/** The spec of a preview of `clips`, in the chunk store's own words; its output is never written. */
export function previewSpec(
  settings: SequenceSettings,
  clips: SequenceClip[],
  { previewHeight, device }: Pick<Settings, 'previewHeight' | 'device'>,
): SequenceSpec {
  const { matrix } = settings.colour;
  return {
    kind: 'sequence',
    title: 'Preview',
    settings: {
      ...settings,
      // 8 bits and 4:2:0: Chromium decodes nothing else of H.264.
      pixelFormat: 'yuv420p',
      // HDR as an ordinary screen shows it, as clips are shown before they are on the timeline.
      colour: isHdrTransfer(settings.colour.transfer)
        ? SHOWN
        : {
            ...settings.colour,
            range: 'limited',
            matrix: matrix === undefined || matrix === 'gbr' ? 'bt709' : matrix,
          },
    },
    clips,
    from: clips[0]?.start ?? 0,
    to: clips.reduce((end, clip) => Math.max(end, clip.start + clip.frames), 1),
    output: '/preview.mp4',
    codec: 'h264',
    quality: QUALITY,
    device,
    ...(previewHeight < settings.height && { height: previewHeight }),
    force: false,
  };
}

/** Short groups of pictures, and each frame stored in its turn: a chunk is a file that players open by itself. */
export function previewEncoding(output: OutputPlan): OutputPlan {
  const args = [...output.encoderArgs];
  const set = (name: string, value: string): void => {
    const at = args.indexOf(name);
    if (at < 0) args.push(name, value);
    else args[at + 1] = value;
  };
  set('-g', String(KEYFRAMES));
  set('-bf', '0');
  // Light levels depend on all clips of a spec; a chunk must not.
  const params = args.indexOf('-x264-params') + 1;
  if (params > 0) args[params] = args[params]!.replaceAll(/:(mastering-display|cll)=[^:]*/g, '');
  return { ...output, encoderArgs: args, reorder: 0 };
}
