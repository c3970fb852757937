/**
 * Frames: the source's own planes, never converted. [Note: native planes]
 *
 * Packed layouts are split into planes while decoding (nv12 -> yuv420p, yuyv422 -> yuv422p, rgb24 -> gbrp), which loses
 * nothing. Samples of more than 8 bits are little-endian 16-bit words with the value in the low bits, as ffmpeg has them.
 */

/** How one plane of a pixel format relates to the picture. */
export interface PlaneLayout {
  /** log2 of the horizontal and vertical subsampling: 0 or 1 (2 for 4:1:0 and 4:1:1). */
  readonly shiftX: number;
  readonly shiftY: number;
  /** 'y' also stands for grey; 'g','b','r' for planar RGB; 'a' is alpha. */
  readonly channel: 'y' | 'u' | 'v' | 'g' | 'b' | 'r' | 'a';
}

export interface PixelFormat {
  /** ffmpeg's name, always little-endian planar: 'yuv420p', 'yuv422p10le', 'gbrap16le', 'gray'. */
  readonly name: string;
  readonly planes: readonly PlaneLayout[];
  /** Significant bits of a sample, 8 to 16. */
  readonly bits: number;
  readonly bytesPerSample: 1 | 2;
}

export type Samples = Uint8Array | Uint16Array;

/** One plane, rows tightly packed: data.length === width * height. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Samples;
}

/**
 * A picture with its time. `index` counts the frames of the source as decoded; `time` is in ticks ([Note: time]) and may be negative.
 * Frames are immutable once made: an engine that returns a real frame returns the same object.
 */
export interface Frame {
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly planes: readonly Plane[];
  readonly index: number;
  readonly time: number;
}

/** Width of a plane of `layout` in a picture `width` wide (chroma rounds up, as in ffmpeg). */
export function planeWidth(layout: PlaneLayout, width: number): number {
  return -(-width >> layout.shiftX);
}

/** Height of a plane of `layout` in a picture `height` high. */
export function planeHeight(layout: PlaneLayout, height: number): number {
  return -(-height >> layout.shiftY);
}

/** Bytes of one frame as rawvideo. */
export function frameBytes(format: PixelFormat, width: number, height: number): number {
  let samples = 0;
  for (const layout of format.planes) samples += planeWidth(layout, width) * planeHeight(layout, height);
  return samples * format.bytesPerSample;
}

/** Views a rawvideo buffer (ArrayBuffer offset a multiple of bytesPerSample) as a Frame without copying. */
export function frameFromBytes(
  format: PixelFormat,
  width: number,
  height: number,
  bytes: Uint8Array,
  index: number,
  time: number,
): Frame {
  const planes: Plane[] = [];
  let offset = bytes.byteOffset;
  for (const layout of format.planes) {
    const w = planeWidth(layout, width);
    const h = planeHeight(layout, height);
    const data =
      format.bytesPerSample === 1
        ? new Uint8Array(bytes.buffer, offset, w * h)
        : new Uint16Array(bytes.buffer, offset, w * h);
    planes.push({ width: w, height: h, data });
    offset += w * h * format.bytesPerSample;
  }
  return { format, width, height, planes, index, time };
}

/** A new frame of the same shape with planes to be filled, at `time` (index -1: it is no source frame). */
export function frameLike(frame: Frame, time: number): Frame {
  const bytes = new Uint8Array(frameBytes(frame.format, frame.width, frame.height));
  return frameFromBytes(frame.format, frame.width, frame.height, bytes, -1, time);
}
