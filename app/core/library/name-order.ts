/** Names as they are compared: for searching, and for the order people expect. */

/** One case, and one way of writing each accented letter. */
export function foldCase(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** A key whose plain order puts clip 2 before clip 10: numbers of up to twelve digits have equal length. */
export function nameOrder(name: string): string {
  return foldCase(name).replaceAll(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, '').padStart(12, '0'));
}
