/** What a user may choose for any film that is written. */
export const CODECS = ['h264', 'hevc', 'av1', 'vp9', 'prores', 'ffv1'] as const;
export type Codec = (typeof CODECS)[number];

/** What a network may be asked to run on; 'auto' is the fastest that works. */
export const DEVICES = ['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt', 'directml', 'coreml'] as const;
export type DeviceChoice = (typeof DEVICES)[number];
/** What it really runs on. */
export type Device = Exclude<DeviceChoice, 'auto'>;

/** How a picture of two fields is read; 'auto' does what was found in the file and says so. */
export const FIELDS = ['auto', 'off', 'deinterlace', 'inverse-telecine'] as const;
export type FieldsChoice = (typeof FIELDS)[number];

/**
 * The times of footage that a phone recorded faster than it is stored: as the file has them, or as they were in front of the camera. Of other
 * footage both are the same.
 */
export const CLOCKS = ['stored', 'recorded'] as const;
export type ClockChoice = (typeof CLOCKS)[number];

/** What of a picture is laid over the scene and not moved with it: titles, subtitles, displays. Synthesised frames take it from real ones. */
export interface MaskChoice {
  /** Find what stands still on a moving scene. */
  auto: boolean;
  /** SHA-256 of a painted mask in the library, in lower case hex: a grey PNG, white where nothing moves. */
  painted?: string | undefined;
}
