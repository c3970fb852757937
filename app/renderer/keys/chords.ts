/**
 * Key chords.
 *
 * [Note: chords] A chord is written 'Mod+Shift+KeyZ': modifiers, then a physical key (KeyboardEvent.code), so that a map made for one keyboard's layout
 * works where letters sit elsewhere. 'Mod' is Cmd on macOS and Ctrl elsewhere; 'Ctrl' is the Control key on macOS too (elsewhere Ctrl is Mod). Only
 * what is shown to people is translated: to the letter that the layout has there, where the browser tells it.
 */

export interface KeyPress {
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const ORDER = ['Mod', 'Ctrl', 'Alt', 'Shift'] as const;
export type Modifier = (typeof ORDER)[number];

const MODIFIER_CODES = /^(Control|Meta|Alt|Shift|OS)(Left|Right)?$/;
const CODE = /^(F\d{1,2}|(?!Mod$|Ctrl$)[A-Z][A-Za-z]+\d*)$/;

/** The chord of a key press; undefined while only modifiers are held. */
export function chordOf(press: KeyPress, mac: boolean): string | undefined {
  if (press.code === '' || MODIFIER_CODES.test(press.code)) return undefined;
  const held: Modifier[] = [];
  if (mac ? press.metaKey : press.ctrlKey) held.push('Mod');
  if (mac && press.ctrlKey) held.push('Ctrl');
  if (press.altKey) held.push('Alt');
  if (press.shiftKey) held.push('Shift');
  return [...held, press.code].join('+');
}

/** The chord with its modifiers in order and once each; undefined for what is no chord. */
export function normalChord(text: string): string | undefined {
  const words = text.split('+');
  const code = words.pop();
  if (code === undefined || !CODE.test(code) || MODIFIER_CODES.test(code)) return undefined;
  if (!words.every((word) => ORDER.some((name) => name === word))) return undefined;
  return [...ORDER.filter((name) => words.includes(name)), code].join('+');
}

const NAMES: Readonly<Record<string, string>> = {
  Space: 'Space',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Enter: 'Enter',
  Escape: 'Esc',
  Backspace: 'Backspace',
  Delete: 'Del',
  PageUp: 'Page Up',
  PageDown: 'Page Down',
  Minus: '-',
  Equal: '=',
  BracketLeft: '[',
  BracketRight: ']',
  Semicolon: ';',
  Quote: "'",
  Backquote: '`',
  Backslash: '\\',
  Comma: ',',
  Period: '.',
  Slash: '/',
  IntlBackslash: '<',
  NumpadAdd: 'Num +',
  NumpadSubtract: 'Num -',
  NumpadMultiply: 'Num *',
  NumpadDivide: 'Num /',
  NumpadDecimal: 'Num .',
  NumpadEnter: 'Num Enter',
};

const MODIFIER_NAMES: Record<'mac' | 'other', Record<Modifier, string>> = {
  mac: { Mod: '⌘', Ctrl: '⌃', Alt: '⌥', Shift: '⇧' },
  other: { Mod: 'Ctrl', Ctrl: 'Ctrl', Alt: 'Alt', Shift: 'Shift' },
};

/** For people: 'Ctrl+Shift+Z', '⌘⇧Z'. `layout`: what the keyboard's keys give (navigator.keyboard), by code. */
export function showChord(chord: string, mac: boolean, layout?: ReadonlyMap<string, string>): string {
  const words = chord.split('+');
  const code = words.pop() ?? '';
  const names = MODIFIER_NAMES[mac ? 'mac' : 'other'];
  const shown = [...words.map((word) => names[word as Modifier] ?? word), keyName(code, layout)];
  return shown.join(mac ? '' : '+');
}

function keyName(code: string, layout?: ReadonlyMap<string, string>): string {
  const printed = layout?.get(code);
  if (printed !== undefined && printed.trim() !== '') return printed.toUpperCase();
  if (code.startsWith('Key')) return code.slice(3);
  if (code.startsWith('Digit')) return code.slice(5);
  return NAMES[code] ?? code.replace(/^Numpad/, 'Num ');
}
