/** The few names a PyTorch checkpoint may use, and what they become. Anything else is refused by name. */
import { AppError } from '../../contract/errors.ts';
import { bytesOf, elementCount, type Dtype } from './tensor.ts';
import type { PickleHost } from './pickle.ts';

/** Bytes kept outside the pickle, shared by the tensors that look at them. */
export interface Storage {
  readonly key: string;
  readonly dtype: Dtype;
  /** In elements. */
  readonly count: number;
  /** Legacy files only, where this may be a part of the storage `key`: elements before it, and of all. */
  readonly offset: number;
  readonly whole: number;
}

/** A tensor of the pickle. Offset and strides are in elements. */
export class TorchTensor {
  readonly storage: Storage;
  readonly dtype: Dtype;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: Storage, dtype: Dtype, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.dtype = dtype;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** An object of a class nobody needs: its name, and the attributes it was given. */
export class TorchObject {
  readonly type: string;
  state: unknown = undefined;
  constructor(type: string) {
    this.type = type;
  }
}

class StorageType {
  readonly dtype: Dtype;
  constructor(dtype: Dtype) {
    this.dtype = dtype;
  }
}

class TorchDtype {
  readonly dtype: Dtype;
  constructor(dtype: Dtype) {
    this.dtype = dtype;
  }
}

/** A storage as persistent ids give it. */
class StorageRef {
  readonly storage: Storage;
  constructor(storage: Storage) {
    this.storage = storage;
  }
}

/** A name on the list, not called yet. */
class Callable {
  readonly name: string;
  readonly make: (args: readonly unknown[]) => unknown;
  constructor(name: string, make: (args: readonly unknown[]) => unknown) {
    this.name = name;
    this.make = make;
  }
}

const STORAGES: ReadonlyMap<string, Dtype> = new Map([
  ['DoubleStorage', 'f64'],
  ['FloatStorage', 'f32'],
  ['HalfStorage', 'f16'],
  ['BFloat16Storage', 'bf16'],
  ['LongStorage', 'i64'],
  ['IntStorage', 'i32'],
  ['ShortStorage', 'i16'],
  ['CharStorage', 'i8'],
  ['ByteStorage', 'u8'],
  ['BoolStorage', 'bool'],
  ['UntypedStorage', 'u8'],
]);

const DTYPES: ReadonlyMap<string, Dtype> = new Map([
  ['float64', 'f64'],
  ['float32', 'f32'],
  ['float16', 'f16'],
  ['bfloat16', 'bf16'],
  ['int64', 'i64'],
  ['int32', 'i32'],
  ['int16', 'i16'],
  ['int8', 'i8'],
  ['uint64', 'u64'],
  ['uint32', 'u32'],
  ['uint16', 'u16'],
  ['uint8', 'u8'],
  ['bool', 'bool'],
]);

const REBUILDERS: ReadonlyMap<string, (args: readonly unknown[]) => unknown> = new Map([
  ['torch._utils._rebuild_tensor', rebuild],
  ['torch._utils._rebuild_tensor_v2', rebuild],
  ['torch._utils._rebuild_tensor_v3', rebuildTyped],
  ['torch._utils._rebuild_parameter', first],
  ['torch._utils._rebuild_parameter_with_state', first],
  ['torch.nn.parameter.Parameter', first],
  ['torch._tensor._rebuild_from_type_v2', rebuildFromType],
  ['torch.Size', first],
  ['collections.OrderedDict', () => new Map()],
  ['collections.defaultdict', () => new Map()],
  ['builtins.set', first],
  ['__builtin__.set', first],
  ['_codecs.encode', latin1],
  // Type tags of TorchScript: the list itself comes first.
  ...['restore_type_tag', 'build_intlist', 'build_tensorlist', 'build_doublelist', 'build_boollist'].map(
    (name): [string, typeof first] => [`torch.jit._pickle.${name}`, first],
  ),
]);

/** Classes that stand in checkpoints beside the weights: their objects are kept as names, never made. */
const BESIDE: ReadonlySet<string> = new Set([
  'argparse.Namespace',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
  'numpy.dtype',
  'torch.Tensor',
  'torch.device',
  'torch.serialization._get_layout',
  ...['int', 'float', 'bool', 'str', 'list', 'dict', 'bytes'].flatMap((name) => [
    `builtins.${name}`,
    `__builtin__.${name}`,
  ]),
]);

/** How protocol 2 writes bytes: a text and 'latin1'. */
function latin1([text]: readonly unknown[]): unknown {
  if (typeof text !== 'string') throw broken('bytes are made of what is no text');
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function first(args: readonly unknown[]): unknown {
  return args[0] ?? [];
}

function broken(why: string): AppError {
  return new AppError('checkpoint-damaged', `The checkpoint is damaged: ${why}.`);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function sizes(value: unknown): number[] {
  if (!Array.isArray(value) || !value.every(isSize))
    throw broken('a tensor has a shape or strides that are no numbers');
  return value;
}

/** (storage, offset, shape, strides, ...). */
function rebuild(args: readonly unknown[], dtype?: Dtype): TorchTensor {
  const [ref, offset, shape, strides] = args;
  if (!(ref instanceof StorageRef) || !isSize(offset)) throw broken('a tensor has no storage');
  const type = dtype ?? ref.storage.dtype;
  const tensor = new TorchTensor(ref.storage, type, offset, sizes(shape), sizes(strides));
  if (tensor.strides.length !== tensor.shape.length)
    throw broken('a tensor has another number of strides than of sizes');
  const room = Math.floor((ref.storage.count * bytesOf(ref.storage.dtype)) / bytesOf(type));
  if (offset + reach(tensor) > room) throw broken('a tensor reaches beyond its storage');
  return tensor;
}

/** As `rebuild`, with the type after the hooks: for types that have no storage of their own. */
function rebuildTyped(args: readonly unknown[]): TorchTensor {
  const dtype = args[6];
  if (!(dtype instanceof TorchDtype)) throw broken('a tensor has no type');
  return rebuild(args, dtype.dtype);
}

/** (rebuilder, class, its arguments, state). */
function rebuildFromType(args: readonly unknown[]): unknown {
  const [make, , inner] = args;
  if (!(make instanceof Callable) || !Array.isArray(inner)) throw broken('a tensor is rebuilt by what is no rebuilder');
  return make.make(inner);
}

/** Elements from the tensor's first to behind its last; 0 when it has none. */
export function reach({ shape, strides }: Pick<TorchTensor, 'shape' | 'strides'>): number {
  if (elementCount(shape) === 0) return 0;
  return shape.reduce((last, size, axis) => last + (size - 1) * strides[axis]!, 0) + 1;
}

export interface TorchHost extends PickleHost {
  /** Every storage the pickle named, by key; of several parts of one, any. */
  readonly storages: ReadonlyMap<string, Storage>;
}

/** A host for one pickle. `path` is for messages. TorchScript's own classes (`__torch__...`) become plain objects. */
export function createTorchHost(path: string): TorchHost {
  const storages = new Map<string, Storage>();
  return {
    storages,
    global: (module, name) => resolve(path, module, name),
    persistent(id) {
      const ref = storageOf(id);
      const known = storages.get(ref.storage.key);
      if (known !== undefined && (known.dtype !== ref.storage.dtype || known.whole !== ref.storage.whole)) {
        throw broken('a storage has two types or sizes');
      }
      storages.set(ref.storage.key, ref.storage);
      return ref;
    },
    call(callee, args) {
      if (callee instanceof Callable) return callee.make(args);
      throw broken('it calls what cannot be called');
    },
    build(object, state) {
      if (object instanceof TorchObject) object.state = state;
      // An OrderedDict's attributes are torch's version notes (_metadata).
      else if (!(object instanceof Map)) throw broken('it gives attributes to what has none');
    },
  };
}

function resolve(path: string, module: string, name: string): unknown {
  const full = `${module}.${name}`;
  if (module === 'torch' || module === 'torch.cuda' || module === 'torch.storage') {
    const storage = STORAGES.get(name);
    if (storage !== undefined) return new StorageType(storage);
    const dtype = DTYPES.get(name);
    if (dtype !== undefined && module === 'torch') return new TorchDtype(dtype);
  }
  const make = REBUILDERS.get(full);
  if (make !== undefined) return new Callable(full, make);
  if (BESIDE.has(full) || module === '__torch__' || module.startsWith('__torch__.')) {
    return new Callable(full, () => new TorchObject(full));
  }
  const sentence = `${path} is not read: it asks for the Python object ${JSON.stringify(full)}, which no weights need. Nothing of it was run.`;
  throw new AppError('checkpoint-refused', sentence);
}

/** ('storage', type, key, location, count) and, in legacy files, (key of the part, first element, elements) or None. */
function storageOf(id: unknown): StorageRef {
  if (!Array.isArray(id) || id[0] !== 'storage') throw broken('it refers to what is no storage');
  const [, type, key, , count, part] = id;
  if (!(type instanceof StorageType) || !isSize(count)) throw broken('a storage has no type or size');
  if (typeof key !== 'string' && typeof key !== 'number') throw broken('a storage has no name');
  const whole = { key: String(key), dtype: type.dtype, count, offset: 0, whole: count };
  if (part === undefined || part === null) return new StorageRef(whole);
  if (!Array.isArray(part) || !isSize(part[1]) || !isSize(part[2]))
    throw broken('a part of a storage is not described');
  if (part[1] + part[2] > count) throw broken('a part of a storage is larger than the whole');
  return new StorageRef({ ...whole, count: part[2], offset: part[1] });
}
