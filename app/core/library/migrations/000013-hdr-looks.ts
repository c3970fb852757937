import type { Migration } from './migration.ts';

/** HDR is shown by the curve of BT.2390 since: thumbnails and proxies from before are made again when their turn comes. */
export const hdrLooks: Migration = {
  version: 13,
  sql: `
    UPDATE clips SET thumb_state = 'wanted', thumbs = 0 WHERE hdr = 1 AND thumb_state = 'ready';
    -- Those of PROXY_VERSION 1.
    UPDATE clips SET proxy_state = 'unneeded', proxy_path = NULL
      WHERE hdr = 1 AND proxy_state = 'ready' AND (proxy_path LIKE '%-1.mp4' OR proxy_path LIKE '%-1-fields-%');
  `,
};
