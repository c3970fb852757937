/** Which tests a file declares, read from its text. */

const DECLARED = /\b(?:test|it|describe)\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g;

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
const unquoted = (text: string): string => text.replace(/\\(.)/g, '$1');

/** The pattern of exactly `name`, as `--test-name-pattern` takes it. */
export function exactly(name: string): RegExp {
  return new RegExp(`^${escaped(name)}$`);
}

/** Whether the text of a test file declares a test of this name; what a template fills in may be anything. */
export function declares(source: string, name: string): boolean {
  for (const [, single, double, template] of source.matchAll(DECLARED)) {
    if (template === undefined) {
      if (unquoted(single ?? double ?? '') === name) return true;
      continue;
    }
    const parts = template.split(/\$\{[^}]*\}/).map((part) => escaped(unquoted(part)));
    if (new RegExp(`^${parts.join('.*')}$`, 's').test(name)) return true;
  }
  return false;
}
