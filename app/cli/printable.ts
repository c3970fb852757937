/**
 * Text for a terminal. Names of files and tags inside them are anybody's: what a terminal would obey in them (escape sequences, a carriage return that
 * writes over the line, marks that turn the direction of reading) is shown instead, as `\x1b` or `\u202e`. Line breaks and tabs stay.
 */

/** C0 but tab and line break, DEL, C1 (where U+009B begins sequences too), line separators, embeddings, overrides and isolates of direction. */
// oxlint-disable-next-line no-control-regex -- They are what is looked for.
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** `text` with what a terminal obeys written out. Not meant to be read back: `--json` is. */
export function printable(text: string): string {
  return text.replace(OBEYED, (one) => (one <= '\u00ff' ? `\\x${hex(one, 2)}` : `\\u${hex(one, 4)}`));
}

/** The same for a line that is written over later: its line breaks are written out too. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n');
}

/** JSON that says exactly the same: JSON.stringify escapes what is below a space, and leaves the rest of them as they are. */
export function printableJson(json: string): string {
  return json.replace(OBEYED, (one) => `\\u${hex(one, 4)}`);
}

function hex(one: string, digits: number): string {
  return one.charCodeAt(0).toString(16).padStart(digits, '0');
}
