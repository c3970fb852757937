/** Small pictures for networks. */
import { areaAxis, cubicAxis, resample } from '../../media/axis.ts';
import type { Picture } from './fields.ts';

/** The picture at `width` x `height`: each pixel is the mean of what it covers; a side that grows is interpolated instead. */
export function reduce(picture: Picture, width: number, height: number): Picture {
  const axis = (from: number, to: number) => (to < from ? areaAxis(from, to) : cubicAxis(from, to));
  const data = resample(picture.data, 3, axis(picture.width, width), axis(picture.height, height));
  return { width, height, data };
}
