/** `--mask auto|off|FILE.png`. */
import type { MaskChoice } from '../contract/choices.ts';
import { homeFolder, masksFolder } from '../core/base/home.ts';
import { importMask } from '../core/media/mask/painted.ts';

/** The lines of usage. */
export const MASK_USAGE = `  --mask M       what stays where it is: auto finds titles, subtitles and displays, off does not; FILE.png is a painted
                 mask, white where nothing moves (then nothing is looked for: --mask auto,FILE.png does both)`;

/** The choice that the words mean; a file is taken into the library. Throws not-found, bad-mask. */
export async function maskOption(value: string): Promise<MaskChoice> {
  if (value === 'auto' || value === 'off') return { auto: value === 'auto' };
  const auto = value.startsWith('auto,');
  const painted = await importMask(masksFolder({ root: homeFolder() }), auto ? value.slice(5) : value);
  return { auto, painted };
}
