/** Project files spoilt in ways that depend on a number alone: JSON by its values, XML by its tags, lists by their lines, all of them by their bytes. */
import { random } from '../random.ts';

export type TextKind = 'json' | 'xml' | 'lines';

interface Dice {
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
  /** One of `few`, now and then `many`; once a file has grown by it, the least: what is repeated may be within what was repeated. */
  often(few: readonly number[], many: number): number;
}

/** Bytes of text that a mutation may add by repeating. */
const MOST_ADDED = 4 << 20;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Written as it stands, where JSON.stringify would not. */
const RAW = '\u{E000}raw:';
const EXTREME_NUMBERS: readonly Json[] = [
  ...[0, -1, 1, 0.5, -0.5, 1e-300, 1e15, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e300, 1e9, 65_536, 999_999_999],
  ...[`${RAW}1e999`, `${RAW}-1e999`, `${RAW}-0`, `${RAW}${'9'.repeat(400)}`, `${RAW}NaN`],
];
const NASTY_KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'length', '', '0', '\0', 'hasOwnProperty'];
const NASTY_STRINGS = [
  ...['', '__proto__', '../../../../etc/passwd', '/dev/zero', 'file:///etc/passwd', 'a\0b', '\ud800', '💥'.repeat(300)],
  ...[
    '%n%s',
    '1/0',
    '0/0',
    '-1/25',
    'NaN',
    'Infinity',
    '1e309',
    '99:99:99:99',
    ' '.repeat(1000),
    "'; DROP TABLE clips",
  ],
  ...['yuv420p,movie=/etc/passwd', '${x}', '<b>&amp;</b>', '\u202etxt', 'A'.repeat(100_000), 'con', '-rf', 'a\nb'],
];

const isObject = (value: Json): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every value inside, with the way to put another in its place. */
function places(root: Json): { get: () => Json; set: (value: Json) => void; remove: () => void }[] {
  const found: ReturnType<typeof places> = [];
  const visit = (value: Json): void => {
    if (found.length > 5000) return;
    if (Array.isArray(value)) {
      for (const [i, one] of value.entries()) {
        found.push({ get: () => value[i]!, set: (to) => (value[i] = to), remove: () => value.splice(i, 1) });
        visit(one);
      }
    } else if (isObject(value)) {
      for (const key of Object.keys(value)) {
        found.push({ get: () => value[key]!, set: (to) => (value[key] = to), remove: () => delete value[key] });
        visit(value[key]!);
      }
    }
  };
  visit(root);
  return found;
}

function another(value: Json, dice: Dice): Json {
  switch (dice.below(8)) {
    case 0:
      return dice.pick<Json>([null, true, false, [], {}, '', 0]);
    case 1:
      return [value];
    case 2:
      return { value };
    case 3:
      return Array.isArray(value)
        ? Object.fromEntries(value.entries())
        : isObject(value)
          ? Object.values(value)
          : String(value);
    case 4: {
      const depth = dice.often([5, 70, 3000], 200_000);
      return `${RAW}${'['.repeat(depth)}${dice.below(4) === 0 ? '' : ']'.repeat(depth)}`;
    }
    case 5:
      return dice.pick(NASTY_STRINGS);
    default:
      return dice.pick(EXTREME_NUMBERS);
  }
}

function spoilValue(root: Json, dice: Dice): Json {
  const all = places(root);
  if (all.length === 0) return another(root, dice);
  const place = dice.pick(all);
  // Nothing may come to lie within itself.
  const value = structuredClone(place.get());
  switch (dice.below(9)) {
    case 0:
      place.remove();
      break;
    case 1:
      place.set(structuredClone(dice.pick(all).get()));
      break;
    case 2: {
      const many = all.map(({ get }) => get()).filter((one) => Array.isArray(one) && one.length > 0) as Json[][];
      if (many.length === 0) return another(root, dice);
      const list = dice.pick(many);
      const one = dice.pick(list);
      const times = Math.min(dice.often([1, 2, 100], 20_000), MOST_ADDED / JSON.stringify(one).length);
      for (let n = 0; n < times; n++) list.push(one);
      break;
    }
    case 3: {
      const objects = [root, ...all.map(({ get }) => get())].filter(isObject);
      if (objects.length === 0) return another(root, dice);
      const key = dice.pick(NASTY_KEYS);
      Object.defineProperty(dice.pick(objects), key, { value, enumerable: true, configurable: true, writable: true });
      break;
    }
    case 4:
    case 5:
      place.set(typeof value === 'number' ? dice.pick(EXTREME_NUMBERS) : dice.pick<Json>(NASTY_STRINGS));
      break;
    default:
      place.set(typeof value === 'number' && dice.below(2) === 0 ? -value : another(value, dice));
  }
  return root;
}

function spoilJson(text: string, dice: Dice): string {
  let root: Json;
  try {
    root = JSON.parse(text) as Json;
  } catch {
    return spoilLines(text, dice);
  }
  for (let n = dice.pick([1, 1, 2, 4]); n > 0; n--) root = spoilValue(root, dice);
  const written = JSON.stringify(root) ?? 'null';
  return written.replaceAll(new RegExp(`"${RAW}([^"]*)"`, 'gu'), '$1');
}

const TAG = /<[^>]*>/g;

function spoilXml(text: string, dice: Dice): string {
  const tags = [...text.matchAll(TAG)];
  if (tags.length === 0) return spoilLines(text, dice);
  const tag = dice.pick(tags);
  const [at, end] = [tag.index, tag.index + tag[0].length];
  const replaced = (by: string): string => text.slice(0, at) + by + text.slice(end);
  switch (dice.below(10)) {
    case 0:
      return replaced('');
    case 1:
      return replaced(tag[0].repeat(Math.min(dice.often([2, 3, 100], 30_000), MOST_ADDED / tag[0].length)));
    case 2: {
      const other = dice.pick(tags);
      return replaced(other[0]);
    }
    case 3: {
      const depth = dice.often([10, 70, 5000], 300_000);
      return text.slice(0, end) + '<clip>'.repeat(depth) + '</clip>'.repeat(depth) + text.slice(end);
    }
    case 4: {
      const laughs = '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">';
      const doctype = dice.pick([
        `<!DOCTYPE x [${laughs}]>`,
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]>',
        '<!-- ',
        '<![CDATA[',
        '<?x ',
      ]);
      return text.slice(0, at) + doctype + dice.pick(['', '&b;', '&#0;', '&#x110000;', '&lt']) + text.slice(at);
    }
    default: {
      const values = [...tag[0].matchAll(/="([^"]*)"/g)];
      if (values.length === 0) return replaced(dice.pick(['<clip/>', '</spine>', '<', '>', '<a b=>', '<sequence>']));
      const value = dice.pick(values);
      const numbers = [
        '0s',
        '-1s',
        '1/0s',
        '999999999999999/1s',
        '1/999999999999999s',
        '0.1s',
        '1e99s',
        '9'.repeat(50),
      ];
      const to = dice.pick([...numbers, ...NASTY_STRINGS, dice.pick(values)[1]!]).replaceAll('"', '&quot;');
      const from = at + value.index + 2;
      return text.slice(0, from) + to + text.slice(from + value[1]!.length);
    }
  }
}

function spoilLines(text: string, dice: Dice): string {
  const lines = text.split('\n');
  for (let n = dice.pick([1, 1, 2, 3]); n > 0; n--) {
    const at = dice.below(lines.length);
    // A line that was made long is not made longer.
    const line = (lines[at] ?? '').slice(0, 10_000);
    switch (dice.below(7)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, ...Array.from({ length: dice.often([1, 2, 200], 20_000) }, () => line));
        break;
      case 2:
        lines[at] = lines[dice.below(lines.length)] ?? '';
        break;
      case 3:
        lines.splice(at, 0, dice.pick(NASTY_STRINGS));
        break;
      case 4:
        lines[at] = line.replaceAll(/\d+/g, (digits) =>
          dice.below(3) === 0 ? dice.pick(['0', '99', '-1', '9'.repeat(30)]) : digits,
        );
        break;
      case 5:
        lines[at] = line.slice(0, dice.below(line.length + 1));
        break;
      default:
        lines[at] = line.split(' ').toReversed().join(' ');
    }
  }
  return lines.join('\n');
}

function spoilBytes(bytes: Buffer, dice: Dice): Buffer {
  for (let n = dice.below(8); n >= 0; n--) {
    const at = dice.below(bytes.length);
    switch (dice.below(5)) {
      case 0:
        bytes[at]! ^= 1 << dice.below(8);
        break;
      case 1:
        bytes[at] = dice.pick([0, 0xff, 0xc0, 0x22, 0x5c, 0x7b, 0x3c, 0x0a]);
        break;
      case 2:
        bytes.copyWithin(at, dice.below(bytes.length), dice.below(bytes.length));
        break;
      case 3:
        return bytes.subarray(0, at);
      default:
        bytes.fill(dice.pick([0, 0x20, 0x39, 0x5b]), at, Math.min(bytes.length, at + dice.below(200)));
    }
  }
  return bytes;
}

/** `original` spoilt as `seed` says. */
export function spoilText(original: Buffer, kind: TextKind, seed: number): Buffer {
  const next = random(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  let grown = false;
  const dice: Dice = {
    below,
    pick: (list) => list[below(list.length)]!,
    often: (few, many) => {
      const times = below(15) === 0 ? many : few[below(few.length)]!;
      if (grown) return few[0]!;
      grown = times > few[0]!;
      return times;
    },
  };
  if (original.length === 0 || below(4) === 0) return spoilBytes(Buffer.from(original), dice);
  let text = original.toString('utf8');
  if (kind === 'json') text = spoilJson(text, dice);
  else
    for (let n = dice.pick([1, 1, 2, 3]); n > 0; n--)
      text = kind === 'xml' ? spoilXml(text, dice) : spoilLines(text, dice);
  return below(12) === 0 ? spoilBytes(Buffer.from(text), dice) : Buffer.from(text);
}
