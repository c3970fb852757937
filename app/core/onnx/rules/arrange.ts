/** Operators that move elements and compute nothing: joins, cuts, new shapes. They also compute with shapes at build time. */
import { difference, exactDiv, plus, sum, times, type Dim, type Shape } from '../dim.ts';
import { show, type Call, type Inferred, type Rules } from './rule.ts';

function concat(call: Call): readonly Inferred[] {
  const dtype = call.oneType();
  const parts = call.inputs.map((_, index) => call.input(index));
  const first = call.input(0).shape;
  const axis = call.axis(call.int('axis', 0), first.length);
  let total: Dim = 0;
  for (const { name, shape } of parts) {
    if (shape.length !== first.length || shape.some((dim, index) => index !== axis && dim !== first[index]))
      call.fail(`${name} has shape ${show(shape)}, which does not join ${show(first)} on axis ${axis}`);
    total = call.exact(sum(total, shape[axis]!), `${total} + ${shape[axis]}`);
  }
  const known = parts.every((part) => part.known) ? parts.flatMap((part) => part.known ?? []) : undefined;
  return [
    {
      dtype,
      shape: first.map((dim, index) => (index === axis ? total : dim)),
      ...(first.length === 1 && known && { known }),
    },
  ];
}

/** Where a slice begins or ends on an axis of `size`, as an offset from its begin, clamped as ONNX clamps it. */
function bound(at: number, size: Dim): Dim {
  if (typeof size === 'number') return Math.min(Math.max(at < 0 ? at + size : at, 0), size);
  if (at >= 2 ** 31 - 1) return size;
  // A symbolic size is taken to be larger than the offsets cut off it; the run would fail loudly if it were not.
  return at < 0 ? plus(size, at) : at;
}

function sliced(call: Call, size: Dim, start: number, end: number, step: number): Dim {
  if (step === 0) call.fail('its step is 0');
  if (step < 0) {
    if (typeof size !== 'number') call.fail(`it runs backwards over ${size}, which is not a number`);
    const from = Math.min(Math.max(start < 0 ? start + size : start, 0), size - 1);
    const to = Math.min(Math.max(end < 0 ? end + size : end, -1), size - 1);
    return Math.max(Math.ceil((to - from) / step), 0);
  }
  const [from, to] = [bound(start, size), bound(end, size)];
  const length = call.exact(difference(to, from), `${to} - ${from}`);
  if (typeof length === 'number') return Math.max(Math.ceil(length / step), 0);
  return step === 1 ? length : call.exact(exactDiv(length, step), `${length} / ${step}`);
}

function slice(call: Call): readonly Inferred[] {
  const { dtype, shape, known } = call.input(0);
  const [starts, ends] = [call.numbers(1, 'starts'), call.numbers(2, 'ends')];
  const axes = call.axes(call.inputs[3] ? call.numbers(3, 'axes') : starts.map((_, index) => index), shape.length);
  const steps = call.inputs[4] ? call.numbers(4, 'steps') : starts.map(() => 1);
  if ([ends, axes, steps].some((list) => list.length !== starts.length))
    call.fail('starts, ends, axes and steps differ');
  const out = [...shape];
  axes.forEach((axis, index) => {
    out[axis] = sliced(call, shape[axis]!, starts[index]!, ends[index]!, steps[index]!);
  });
  const kept =
    shape.length === 1 && starts.length === 1 && steps[0] === 1 ? known?.slice(starts[0], ends[0]) : undefined;
  return [{ dtype, shape: out, ...(kept && { known: kept }) }];
}

function pad(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.input(0);
  const mode = call.text('mode', ['constant', 'reflect', 'edge']);
  const pads = call.numbers(1, 'pads');
  if (pads.length !== 2 * shape.length) call.fail(`it has ${pads.length} pads for ${shape.length} axes`);
  const out = shape.map((dim, axis) => {
    const [before, after] = [pads[axis]!, pads[axis + shape.length]!];
    if (mode === 'reflect' && typeof dim === 'number' && Math.max(before, after) >= dim)
      call.fail(`it reflects ${Math.max(before, after)} elements of axis ${axis}, which has ${dim}`);
    return call.atLeast(plus(dim, before + after), 0, `its size on axis ${axis}`);
  });
  return [{ dtype, shape: out }];
}

function transpose(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.input(0);
  const order = call.ints('perm') ?? shape.map((_, axis) => shape.length - 1 - axis);
  if (order.length !== shape.length) call.fail(`perm ${show(order)} is for ${order.length} axes, not ${shape.length}`);
  return [{ dtype, shape: call.axes(order, shape.length).map((axis) => shape[axis]!) }];
}

/** The size that stands for -1: what is left of `from` when every size of `to` is divided out. */
function rest(call: Call, from: Shape, to: readonly Dim[]): Dim {
  const left = [...from];
  let [above, below] = [1, 1];
  for (const dim of to) {
    const at = left.indexOf(dim);
    if (at >= 0) left.splice(at, 1);
    else if (typeof dim === 'number') below *= dim;
    else call.fail(`${show(from)} cannot be reshaped to ${show(to)}`);
  }
  const symbols = left.filter((dim) => typeof dim !== 'number');
  for (const dim of left) if (typeof dim === 'number') above *= dim;
  if (symbols.length > 1) call.fail(`${symbols.join(' times ')} cannot be written in one symbol; fix one of them`);
  const whole = symbols.length === 0 ? above : call.exact(times(symbols[0]!, above), `${above} times ${symbols[0]}`);
  const size = below > 0 ? exactDiv(whole, below) : undefined;
  return size ?? call.fail(`${show(from)} cannot be reshaped to ${show(to)}`);
}

function reshape(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.input(0);
  const asked = call.known(1, 'shape').map((dim, axis) => {
    if (dim === 0) return shape[axis] ?? call.fail(`it keeps axis ${axis}, which its input lacks`);
    return typeof dim === 'number' && dim < -1 ? call.fail(`a size of ${dim}`) : dim;
  });
  const open = asked.filter((dim) => dim === -1).length;
  if (open > 1) call.fail('two sizes are -1');
  const others = asked.filter((dim) => dim !== -1);
  const left = rest(call, shape, others);
  if (open === 0 && left !== 1) call.fail(`${show(shape)} cannot be reshaped to ${show(asked)}`);
  return [{ dtype, shape: asked.map((dim) => (dim === -1 ? left : dim)) }];
}

function expand(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.input(0);
  return [{ dtype, shape: call.broadcast(shape, call.known(1, 'shape')) }];
}

function tile(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.input(0);
  const repeats = call.numbers(1, 'repeats');
  if (repeats.length !== shape.length || repeats.some((count) => count < 1))
    call.fail(`repeats ${show(repeats)} do not fit ${show(shape)}`);
  return [
    { dtype, shape: shape.map((dim, axis) => call.exact(times(dim, repeats[axis]!), `${repeats[axis]} times ${dim}`)) },
  ];
}

function gather(call: Call): readonly Inferred[] {
  const [data, indices] = [call.input(0), call.input(1)];
  if (indices.dtype !== 'int64' && indices.dtype !== 'int32') call.fail(`its indices hold ${indices.dtype}`);
  const axis = call.axis(call.int('axis', 0), data.shape.length);
  const size = data.shape[axis]!;
  const picked = indices.known?.map((at) => {
    if (typeof at === 'number' && typeof size === 'number' && (at < -size || at >= size))
      call.fail(`index ${at} is outside axis ${axis} of ${size}`);
    return typeof at === 'number' ? data.known?.at(at) : undefined;
  });
  const known = picked?.filter((dim) => dim !== undefined);
  const all = known !== undefined && known.length === picked?.length && data.shape.length === 1;
  const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
  return [{ dtype: data.dtype, shape, ...(all && { known }) }];
}

function unsqueeze(call: Call): readonly Inferred[] {
  const { dtype, shape, known } = call.input(0);
  const added = call.numbers(1, 'axes');
  const axes = new Set(call.axes(added, shape.length + added.length));
  const old = shape.values();
  const out = Array.from({ length: shape.length + axes.size }, (_, axis) => (axes.has(axis) ? 1 : old.next().value!));
  return [{ dtype, shape: out, ...(known && { known }) }];
}

function squeeze(call: Call): readonly Inferred[] {
  const { dtype, shape, known } = call.input(0);
  const axes = call.axes(call.numbers(1, 'axes'), shape.length);
  for (const axis of axes) if (shape[axis] !== 1) call.fail(`axis ${axis} has ${shape[axis]} elements, not 1`);
  return [{ dtype, shape: shape.filter((_, axis) => !axes.includes(axis)), ...(known && { known }) }];
}

function split(call: Call): readonly Inferred[] {
  const { dtype, shape } = call.input(0);
  const axis = call.axis(call.int('axis', 0), shape.length);
  const whole = shape[axis]!;
  const equal = () =>
    exactDiv(whole, call.outputCount) ??
    call.fail(`${whole} elements do not split into ${call.outputCount} equal parts`);
  const parts = call.inputs[1] ? call.numbers(1, 'parts') : Array.from({ length: call.outputCount }, equal);
  if (parts.length !== call.outputCount) call.fail(`it has ${parts.length} parts and ${call.outputCount} outputs`);
  const total = parts.reduce((a: Dim | undefined, b) => (a === undefined ? undefined : sum(a, b)), 0);
  if (total !== whole) call.fail(`parts ${show(parts)} do not add up to ${whole}`);
  return parts.map((part) => ({ dtype, shape: shape.map((dim, index) => (index === axis ? part : dim)) }));
}

function shapeOf(call: Call): readonly Inferred[] {
  const { shape } = call.input(0);
  return [{ dtype: 'int64', shape: [shape.length], known: shape }];
}

function constantOfShape(call: Call): readonly Inferred[] {
  const value = call.attributes.value;
  if (value !== undefined && (value.type !== 'tensor' || value.value.data.length !== 1))
    call.fail('its value is not one number');
  const dtype = value?.type === 'tensor' ? value.value.dtype : 'float32';
  return [{ dtype, shape: call.known(0, 'shape') }];
}

export const ARRANGE: Rules = {
  Concat: { inputs: [1, 1000], attributes: ['axis'], infer: concat },
  Slice: { inputs: [3, 5], infer: slice },
  Pad: { inputs: [2, 3], attributes: ['mode'], infer: pad },
  Transpose: { inputs: [1, 1], attributes: ['perm'], infer: transpose },
  Reshape: { inputs: [2, 2], infer: reshape },
  Expand: { inputs: [2, 2], infer: expand },
  Tile: { inputs: [2, 2], infer: tile },
  Gather: { inputs: [2, 2], attributes: ['axis'], infer: gather },
  Unsqueeze: { inputs: [2, 2], infer: unsqueeze },
  Squeeze: { inputs: [2, 2], infer: squeeze },
  Split: { inputs: [1, 2], attributes: ['axis'], infer: split },
  Shape: { inputs: [1, 1], infer: shapeOf },
  ConstantOfShape: { inputs: [1, 1], attributes: ['value'], infer: constantOfShape },
};
