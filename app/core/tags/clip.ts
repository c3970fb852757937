/** The clip of the library that a file is; tagging puts it there, as adding it by hand would. */
import type { VideoInfo } from '../../contract/media.ts';
import { proxyNeed } from '../clips/proxy-need.ts';
import {
  clipById,
  clipByPath,
  insertClip,
  probeAgain,
  setProbed,
  setProxy,
  type ClipRow,
} from '../library/clip-rows.ts';
import type { Library } from '../library/db.ts';
import type { FileIdentity } from '../library/file-identity.ts';
import { VARYING_RATE } from '../media/probe.ts';
import { isHdrTransfer } from '../media/tone-map.ts';

/** The clip at `source`, which was probed as `info`, ready to be worked with. Throws 'cancelled'. */
export async function libraryClip(
  db: Library,
  source: FileIdentity,
  info: VideoInfo,
  signal?: AbortSignal,
): Promise<ClipRow> {
  const { path, bytes, mtimeNs } = source;
  const known = clipByPath(db, path);
  if (known?.state === 'ready' && known.bytes === bytes && known.mtimeNs === mtimeNs) return known;
  // Why it cannot be told is found out when somebody looks at the clip.
  const proxy = await proxyNeed(info, signal).catch(() => null);
  signal?.throwIfAborted();
  return db.write(() => {
    const there = clipByPath(db, path);
    const id = there?.id ?? insertClip(db, { path, bytes, mtimeNs, named: true });
    if (there && (there.bytes !== bytes || there.mtimeNs !== mtimeNs)) probeAgain(db, id, { bytes, mtimeNs });
    const vfr = info.warnings.includes(VARYING_RATE);
    const hdr = isHdrTransfer(info.video.colour.transfer) || info.video.dolbyVision;
    setProbed(db, id, { info, vfr, hdr });
    const row = clipById(db, id)!;
    if (proxy === null || row.proxyState !== 'unneeded') return row;
    setProxy(db, id, 'wanted', null);
    return clipById(db, id)!;
  });
}
