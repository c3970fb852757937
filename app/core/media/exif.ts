/** The orientation a camera wrote into a JPEG (Exif 2.32, tag 0x0112), which ffmpeg does not apply to stills. */
import type { Turn } from './probe-picture.ts';

/** Orientations 1 to 8 as a mirroring and a clockwise turn, in that order. */
const TURNS: readonly (readonly [mirrored: boolean, rotation: Turn['rotation']])[] = [
  [false, 0],
  [true, 0],
  [false, 180],
  [true, 180],
  [true, 270],
  [false, 90],
  [true, 90],
  [false, 270],
];

/** The turn that a JPEG's Exif header asks for; undefined when `head` (its first bytes) is no JPEG or does not say. */
export function orientationOf(head: Buffer): Turn | undefined {
  if (head.length < 4 || head.readUInt16BE(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 4 <= head.length && head[at] === 0xff; at += 2 + head.readUInt16BE(at + 2)) {
    const marker = head[at + 1];
    if (marker === 0xda || head.readUInt16BE(at + 2) < 2) return undefined;
    const end = Math.min(head.length, at + 2 + head.readUInt16BE(at + 2));
    if (marker === 0xe1 && head.toString('latin1', at + 4, at + 10) === 'Exif\0\0')
      return fromTiff(head.subarray(at + 10, end));
  }
  return undefined;
}

function fromTiff(tiff: Buffer): Turn | undefined {
  if (tiff.length < 8) return undefined;
  const little = tiff.toString('latin1', 0, 2) === 'II';
  const u16 = (at: number): number => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const first = little ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (first + 2 > tiff.length) return undefined;
  for (let i = 0, at = first + 2; i < u16(first) && at + 12 <= tiff.length; i++, at += 12) {
    if (u16(at) !== 0x0112) continue;
    const turn = TURNS[u16(at + 8) - 1];
    return turn && { mirrored: turn[0], rotation: turn[1], told: true, warnings: [] };
  }
  return undefined;
}
