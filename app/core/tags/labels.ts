/** Labels as people type them. */
import { AppError } from '../../contract/errors.ts';

/** Labels that are named where one is not known. */
const NEAREST = 4;

/** `wanted` as the engine spells them, each once, whatever their case. Throws 'label-unknown', which names the nearest ones. */
export function knownLabels(wanted: readonly string[], labels: readonly string[], engine: string): string[] {
  const folded = new Map(labels.map((label) => [fold(label), label]));
  const found = wanted.map((one) => {
    const label = folded.get(fold(one));
    if (label !== undefined) return label;
    const near = nearestLabels(one, labels).map((name) => `'${name}'`);
    const known = near.length > 0 ? `it knows ${near.join(', ')}` : 'it knows no labels';
    const more = labels.length > near.length ? ` and ${labels.length - near.length} others` : '';
    throw new AppError('label-unknown', `${engine} knows no label '${one}'; ${known}${more}.`);
  });
  return [...new Set(found)];
}

/** The labels most like `word`: those that hold it or it holds before those spelt much as it is. */
export function nearestLabels(word: string, labels: readonly string[]): string[] {
  const wanted = fold(word);
  const far = (label: string): number => {
    const name = fold(label);
    const within = name.includes(wanted) || wanted.includes(name);
    const parts = within ? 0 : Math.min(...name.split(' ').map((part) => distance(wanted, part)));
    return Math.min(distance(wanted, name), parts + 0.5);
  };
  return labels
    .map((label) => ({ label, far: far(label) }))
    .toSorted((a, b) => a.far - b.far)
    .slice(0, NEAREST)
    .map(({ label }) => label);
}

function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
    .trim();
}

/** Letters to be put in, taken out or changed to make one of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
