/** Zeros around a picture, as the published wrapper adds them (eval/interpolator.py): centred, the odd one at the end. */
export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
  readonly paddedWidth: number;
  readonly paddedHeight: number;
}

/** What makes both sides multiples of `align`. */
export function paddingOf(width: number, height: number, align: number): Padding {
  const [paddedWidth, paddedHeight] = [width, height].map((side) => Math.ceil(side / align) * align) as [
    number,
    number,
  ];
  const left = (paddedWidth - width) >> 1;
  const top = (paddedHeight - height) >> 1;
  const right = paddedWidth - width - left;
  const bottom = paddedHeight - height - top;
  return { top, left, bottom, right, paddedWidth, paddedHeight };
}
