/** `score --overlays`: whether titles and displays stay as they are over moving pictures. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../contract/errors.ts';
import { scoreOverlays, SPEEDS, type OverlayRow, type Region } from '../core/score/overlays.ts';
import { align } from '../core/score/report.ts';
import { clipsOf, whole } from './clip-folder.ts';
import { statusLine } from './status-line.ts';
import type { VerbIo } from './verb.ts';

export const OVERLAY_FLAGS = {
  overlays: { type: 'boolean' },
  clips: { type: 'string' },
  speeds: { type: 'string' },
} as const;

export const OVERLAY_USAGE = `  --overlays   draw titles, a logo, a subtitle, a display and bars over the clips of a folder, seen through a window that pans by so many
               pixels a frame (--speeds), and make every second frame without and with the mask; --clips N takes N clips spread over the folder`;

interface Words {
  readonly engines?: string | undefined;
  readonly clips?: string | undefined;
  readonly speeds?: string | undefined;
}

export async function scoreOverlaysVerb(folders: readonly string[], words: Words, io: VerbIo): Promise<number> {
  const [folder, ...more] = folders;
  if (folder === undefined || more.length > 0)
    throw new AppError('usage', 'score --overlays takes one folder of clips.');
  const speeds = words.speeds?.split(',').map((word) => (/^\d{1,2}$/.test(word) ? Number(word) : NaN)) ?? [...SPEEDS];
  if (speeds.some(Number.isNaN)) throw new AppError('usage', '--speeds is a list of whole numbers below 100: 0,6,12.');
  const all = await clipsOf(folder);
  if (all.length === 0) throw new AppError('not-found', `There are no clips in ${folder}.`);
  const count = Math.min(all.length, whole('clips', words.clips, 6));
  const clips = Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / count)]!);
  const engines = [...new Set((words.engines ?? 'glide').split(',').map((id) => id.trim()))];
  const scratch = await mkdtemp(join(tmpdir(), 'inbetween-overlays-'));
  const status = statusLine(io);
  try {
    const onProgress = (done: number, total: number) =>
      status.tell({ sentence: `${done} of ${total} overlays scored`, fraction: done / total });
    const rows = await scoreOverlays({ clips, engines, speeds, scratch, signal: io.signal, onProgress });
    status.end();
    const names = clips.map(({ path }) => path.replace(/.*[\\/]/, ''));
    io.out(io.json ? JSON.stringify({ clips: names, rows }) : table(rows));
    return 0;
  } finally {
    status.end();
    await rm(scratch, { recursive: true, force: true });
  }
}

function table(rows: readonly OverlayRow[]): string {
  const db = ({ psnr }: Region): string => (Number.isNaN(psnr) ? '-' : psnr.toFixed(2));
  const head = ['engine', 'frames', 'overlay', 'speed', 'coded', 'without', 'with', 'rest', 'with'];
  const lines = rows.map((row) => [
    row.engine,
    String(row.frames),
    row.overlay,
    String(row.speed),
    ...[row.coded, row.without.over, row.with.over, row.without.rest, row.with.rest].map(db),
  ]);
  return `${align([head, ...lines])}\n\nPSNR in dB: over the overlay as it is coded, as made without and with the mask; and over the rest.`;
}
