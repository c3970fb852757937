/** Names shared by the main process and its tests. preload.ts, which must be one file, repeats the first two. */

/** Calls of the Api: invoke(method, params) answers an Answer. */
export const CALL = 'inbetween:call';
/** Pushes of the core: (topic, payload). */
export const PUSH = 'inbetween:push';

/** The renderer's pages, and what its media are fetched from. */
export const APP_SCHEME = 'inbetween';
export const APP_ORIGIN = 'inbetween://app';
export const MEDIA_SCHEME = 'inbetween-media';
export const MEDIA_ROOT = 'inbetween-media://studio/';
