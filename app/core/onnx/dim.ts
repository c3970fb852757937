/**
 * Sizes of tensors along one axis: a number, or text in one symbol.
 *
 * [Note: symbolic sizes]
 * A symbolic size is floor((mul*s + add) / div) with whole mul > 0, div > 0. That set is closed under adding a constant and
 * under floor division (floor(floor(x/d)/e) = floor(x/(d*e))), which is all that convolutions and pools do. Multiplying is
 * exact only where div is 1, so a network that halves and doubles says at its input what it needs: '64*h' is a height that is
 * a multiple of 64, its half is '32*h', and no rounding is ever left over. The text is canonical: equal sizes have equal
 * texts, and so the same text is what ONNX calls dim_param.
 */

/** A number of elements, or canonical text such as 'h', '64*h', '2*h+1', 'floor((h+1)/2)'. */
export type Dim = number | string;
export type Shape = readonly Dim[];

interface Linear {
  readonly symbol: string;
  readonly mul: number;
  readonly add: number;
  readonly div: number;
}

/** The largest number in a symbolic size; the text has room for nine digits. */
const LARGEST = 999_999_999;

const FORM = /^(floor\(\()?(?:(\d{1,9})\*)?([A-Za-z_]\w{0,99})([+-]\d{1,9})?(?:\)\/(\d{1,9})\))?$/;

/** Reads the canonical text; undefined if it is none. */
function parse(text: string): Linear | undefined {
  const match = FORM.exec(text);
  if (!match || (match[1] !== undefined) !== (match[5] !== undefined)) return undefined;
  const linear = {
    symbol: match[3]!,
    mul: Number(match[2] ?? 1),
    add: Number(match[4] ?? 0),
    div: Number(match[5] ?? 1),
  };
  return linear.mul > 0 && linear.div > 0 ? linear : undefined;
}

function read(text: string): Linear {
  const linear = parse(text);
  if (!linear) throw new RangeError(`'${text}' is not a size`);
  return linear;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function write({ symbol: name, mul, add, div }: Linear): string {
  // A common divisor of mul and div divides out exactly, with the rest of `add` rounded down.
  const common = gcd(mul, div);
  const [m, a, d] = [mul / common, Math.floor(add / common), div / common];
  if (Math.max(m, Math.abs(a), d) > LARGEST) throw new RangeError(`The size ${mul}*${name}${add}/${div} is too large`);
  const text = `${m === 1 ? '' : `${m}*`}${name}${a === 0 ? '' : a > 0 ? `+${a}` : a}`;
  return d === 1 ? text : `floor((${text})/${d})`;
}

/** Whether `text` is a size in canonical text, as every operation here returns it. */
export function isDimText(text: string): boolean {
  const linear = parse(text);
  return linear !== undefined && write(linear) === text;
}

/** The size `multipleOf * name`: for an input whose size is a multiple of `multipleOf`. */
export function symbol(name: string, multipleOf = 1): Dim {
  return write(read(`${multipleOf}*${name}`));
}

/** dim + n, n whole. */
export function plus(dim: Dim, n: number): Dim {
  if (typeof dim === 'number') return dim + n;
  const linear = read(dim);
  return write({ ...linear, add: linear.add + n * linear.div });
}

/** n * dim, n whole and not negative; undefined where the product would hide a rounding. */
export function times(dim: Dim, n: number): Dim | undefined {
  if (typeof dim === 'number') return dim * n;
  if (n === 0) return 0;
  const linear = read(dim);
  if (n === 1) return dim;
  return linear.div === 1 ? write({ ...linear, mul: linear.mul * n, add: linear.add * n }) : undefined;
}

/** floor(dim / n), n whole and positive. */
export function floorDiv(dim: Dim, n: number): Dim {
  if (typeof dim === 'number') return Math.floor(dim / n);
  const linear = read(dim);
  return write({ ...linear, div: linear.div * n });
}

/** dim / n where that is certainly whole; else undefined. */
export function exactDiv(dim: Dim, n: number): Dim | undefined {
  if (typeof dim === 'number') return dim % n === 0 ? dim / n : undefined;
  const linear = read(dim);
  return linear.div === 1 && linear.mul % n === 0 && linear.add % n === 0 ? floorDiv(dim, n) : undefined;
}

/** a + b; undefined where the sum is no size of this form. */
export function sum(a: Dim, b: Dim): Dim | undefined {
  if (typeof b === 'number') return plus(a, b);
  if (typeof a === 'number') return plus(b, a);
  const [x, y] = [read(a), read(b)];
  if (x.symbol !== y.symbol || x.div !== 1 || y.div !== 1) return undefined;
  return write({ ...x, mul: x.mul + y.mul, add: x.add + y.add });
}

/** a - b; undefined where the difference is no size of this form. */
export function difference(a: Dim, b: Dim): Dim | undefined {
  if (typeof b === 'number') return plus(a, -b);
  if (a === b) return 0;
  if (typeof a === 'number') return undefined;
  const [x, y] = [read(a), read(b)];
  if (x.symbol !== y.symbol || x.div !== 1 || y.div !== 1 || x.mul < y.mul) return undefined;
  return x.mul === y.mul ? x.add - y.add : write({ ...x, mul: x.mul - y.mul, add: x.add - y.add });
}

/** The number a size is when its symbol has the value given. Throws RangeError for a symbol without one. */
export function evaluate(dim: Dim, values: Readonly<Record<string, number>>): number {
  if (typeof dim === 'number') return dim;
  const { symbol: name, mul, add, div } = read(dim);
  const value = values[name];
  if (value === undefined) throw new RangeError(`No value for ${name}`);
  return Math.floor((mul * value + add) / div);
}
