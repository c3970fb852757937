/**
 * Times inside the text of an ASS event: karaoke, movements, fades. They count from the event's start in the source's time and are led through the map
 * like the event itself. Scrolling effects (the field `Effect`) go at their own speed and are left.
 */

/** The time within the shown event, in milliseconds, of a time within the source's event. */
export type Inner = (ms: number) => number;

/**
 * The text of an event whose `lasted` ms are now shown as `lasts` ms. Syllables that ended before what is shown are over at once; movements and
 * transformations that began before go on from where they were.
 */
export function retimeAssText(text: string, inner: Inner, lasted: number, lasts: number): string {
  if (!text.includes('\\')) return text;
  const at = (ms: string): string => String(Math.round(inner(Number(ms))));
  let sung = 0;
  const centiseconds = (ms: number): number => Math.round(Math.min(lasts, Math.max(0, inner(ms))) / 10);
  return text.replaceAll(/\{[^}]*\}/g, (tags) =>
    tags
      .replaceAll(/\\(kf|ko|K|k|kt)(\d+)/g, (_, tag: string, value: string) => {
        const from = tag === 'kt' ? 0 : sung;
        sung = from + Number(value) * 10;
        return `\\${tag}${centiseconds(sung) - centiseconds(from)}`;
      })
      .replaceAll(
        /\\(t|move)\(((?:\s*-?[\d.]+\s*,){4})?\s*(-?\d+)\s*,\s*(-?\d+)(?=\s*[,)])/g,
        (whole, tag: string, places: string | undefined, from: string, to: string) =>
          (tag === 'move') === (places !== undefined) ? `\\${tag}(${places ?? ''}${at(from)},${at(to)}` : whole,
      )
      .replaceAll(/\\fad\(\s*(\d+)\s*,\s*(\d+)\s*\)/g, (_, appear: string, vanish: string) => {
        const last = Math.max(0, Math.round(lasts - inner(lasted - Number(vanish))));
        return `\\fad(${Math.max(0, Number(at(appear)))},${last})`;
      })
      .replaceAll(
        /\\fade\(((?:\s*\d+\s*,){3})\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*(-?\d+)\s*\)/g,
        (_, alphas: string, ...times: string[]) => `\\fade(${alphas}${times.slice(0, 4).map(at).join(',')})`,
      ),
  );
}

/** The text of an ASS event without its tags and drawings. */
export function plainText(text: string): string {
  return text
    .replaceAll(/\{[^}]*\\p[1-9][^}]*\}[^{]*/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\\[Nn]/g, '\n')
    .replaceAll(String.raw`\h`, ' ')
    .trim();
}
