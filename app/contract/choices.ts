/** What a user may choose for any film that is written. */
export const CODECS = ['h264', 'hevc', 'av1', 'vp9', 'prores', 'ffv1'] as const;
export type Codec = (typeof CODECS)[number];

/** What a network may be asked to run on; 'auto' is the fastest that works. */
export const DEVICES = ['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt', 'directml', 'coreml'] as const;
export type DeviceChoice = (typeof DEVICES)[number];
/** What it really runs on. */
export type Device = Exclude<DeviceChoice, 'auto'>;
