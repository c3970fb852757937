/** Which fields each picture of a treated source is made of, as part of its index (SourceIndex.pictures). Plain data. */
import type { FieldOrder } from './cadence.ts';

/** Part of every key of what is made of such pictures: another whenever they would be. */
const VERSION = 1;

/**
 * `codes[i]` says what picture i is: of coded frame k = code >> 2 by code & 3: 0 the frame as it is; 1 its first field, 2 its second, each with the
 * missing lines put in; 3 the second field of frame k - 1 woven with the first of k. Ascending in k.
 */
export interface FieldPictures {
  readonly order: FieldOrder;
  /** The treatment's name, for keys. */
  readonly how: string;
  /** Size as coded; what is decoded smaller is made smaller after its fields were treated. */
  readonly width: number;
  readonly height: number;
  readonly codes: readonly number[];
}

export const PICTURE = { whole: 0, first: 1, second: 2, across: 3 } as const;

export function pictureCode(frame: number, kind: keyof typeof PICTURE): number {
  return frame * 4 + PICTURE[kind];
}

export function codedFrame(code: number): number {
  return code >>> 2;
}

/** What the pixels of a treated source's pictures depend on besides the file and their times; undefined for frames as they are coded. */
export function fieldsMark({ pictures }: { readonly pictures?: FieldPictures | undefined }): string | undefined {
  return pictures && `fields/${VERSION} ${pictures.how} ${pictures.order}`;
}
