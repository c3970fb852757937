/** Names of the files that spans become: `beach - jump 02.mp4`, by clip, label and number. */
import { basename, extname, join } from 'node:path';
import type { SpanHit } from '../../contract/tags.ts';

/** A span with its clip, as files are named and cut by it. */
export type SpanOfClip = Pick<SpanHit, 'clip' | 'clipPath' | 'label' | 'start' | 'end'>;

/** Containers we write; what is cut out of other clips becomes .mp4. */
const WRITABLE = new Set(['.mp4', '.mov', '.mkv', '.webm']);
/** Bytes of a clip's name and of a label in a file's name, which may have 255. */
const CLIP_BYTES = 140;
const LABEL_BYTES = 80;

/** A file in `folder` for each span, all different, numbered as they come. */
export function spanOutputs(spans: readonly SpanOfClip[], folder: string): string[] {
  const stems = clipStems(spans);
  const keys = spans.map(({ clip, label }) => `${stems.get(clip)} - ${safeName(label, LABEL_BYTES)}`);
  const counts = new Map<string, number>();
  const count = (key: string): number => {
    const number = (counts.get(key.toLowerCase()) ?? 0) + 1;
    counts.set(key.toLowerCase(), number);
    return number;
  };
  const numbers = keys.map(count);
  const digits = Math.max(2, String(Math.max(0, ...counts.values())).length);
  return spans.map(({ clipPath }, i) => {
    const own = extname(clipPath).toLowerCase();
    const number = String(numbers[i]).padStart(digits, '0');
    return join(folder, `${keys[i]} ${number}${WRITABLE.has(own) ? own : '.mp4'}`);
  });
}

/** What files of each clip, by its id, are called; clips of one name are told apart by a number. */
export function clipStems(spans: readonly Pick<SpanOfClip, 'clip' | 'clipPath'>[]): Map<string, string> {
  const stems = new Map<string, string>();
  const taken = new Set<string>();
  for (const { clip, clipPath } of spans) {
    if (stems.has(clip)) continue;
    const own = safeName(basename(clipPath, extname(clipPath)), CLIP_BYTES);
    let stem = own;
    for (let n = 2; taken.has(stem.toLowerCase()); n++) stem = `${own} (${n})`;
    taken.add(stem.toLowerCase());
    stems.set(clip, stem);
  }
  return stems;
}

/** Text as a part of a file's name that every system takes. */
export function safeName(text: string, bytes: number): string {
  const letters = [...text.normalize('NFC').replace(/[<>:"/\\|?*%\p{Cc}\p{Cf}]/gu, '_')];
  while (Buffer.byteLength(letters.join('')) > bytes) letters.pop();
  const name = letters
    .join('')
    .replace(/\s+/g, ' ')
    .replace(/^[ .]+|[ .]+$/g, '');
  return name === '' ? '_' : name;
}
