/** Naive enlarging: what guidance is compared with. */
import { cubicAxis, resample } from '../../media/axis.ts';
import type { Picture } from './fields.ts';

/** The picture at `width` x `height` by the cubic of Catmull and Rom, [3, height, width]; may lie a little outside 0..1 at edges. The same size gives the same values. */
export function enlarge(picture: Picture, width: number, height: number): Float32Array {
  return resample(picture.data, 3, cubicAxis(picture.width, width), cubicAxis(picture.height, height));
}
