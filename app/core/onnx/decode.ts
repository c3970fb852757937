/**
 * Reads ONNX files. The bytes are not trusted: every length is checked against what is there, no message is entered deeper than
 * the schema goes (subgraphs are refused unread), numbers of things are bounded, and what a graph here cannot hold is
 * refused by its name.
 */
import type { Dim } from './dim.ts';
import { isDimText } from './dim.ts';
import { DTYPES, dtypeOfCode, elements, type Dtype, type TensorData } from './dtype.ts';
import { assemble, type GraphParts } from './check.ts';
import { eachField, malformed } from './fields.ts';
import type { Attribute, Graph, Initialiser, Node, Value } from './graph.ts';
import { ATTRIBUTE, ATTRIBUTE_CODES, DIMENSION, GRAPH, MODEL, NODE, OPERATOR_SET, SHAPE, TENSOR } from './schema.ts';
import { TENSOR_TYPE, TYPE, VALUE_INFO } from './schema.ts';

/** The most nodes, constants, inputs or outputs in a file: ten times the largest network here. */
const MOST = 100_000;
/** The most axes of a tensor. */
const RANK = 8;
/** The most numbers in an attribute. */
const ATTRIBUTE_NUMBERS = 4096;

/**
 * The graph in an ONNX file: for any file `encodeModel` wrote, one equal to the graph it was written from. Weights are views of
 * `file` where their alignment allows. Throws bad-model for a damaged file or one that uses what graphs here do not have,
 * bad-graph (naming the node) for a sound file whose graph cannot run.
 */
export function decodeModel(file: Uint8Array): Graph {
  return assemble(parseModel(file));
}

/** What an ONNX file says, unchecked but for its form. Throws bad-model. */
export function parseModel(file: Uint8Array): GraphParts {
  let opset = 0;
  const graph = graphBytes(file, (bytes) => {
    opset = standardOpset(bytes) ?? opset;
  });
  const parts = { name: '', nodes: [] as Node[], initialisers: [] as Initialiser[] };
  const inputs: Value[] = [];
  const outputs: Value[] = [];
  const add = <T>(list: T[], item: T) =>
    list.length < MOST ? void list.push(item) : malformed(`more than ${MOST} items`);
  eachField(graph, (field) => {
    if (field.number === GRAPH.node) add(parts.nodes, readNode(field.bytes(), parts.nodes.length));
    else if (field.number === GRAPH.name) parts.name = field.text();
    else if (field.number === GRAPH.initializer) add(parts.initialisers, readTensor(field.bytes()));
    else if (field.number === GRAPH.input) add(inputs, readValue(field.bytes()));
    else if (field.number === GRAPH.output) add(outputs, readValue(field.bytes()));
    else if (field.number === GRAPH.sparse) malformed('it holds sparse tensors, which are not supported');
    else field.skip();
  });
  // Files before IR version 4 list constants among the inputs as well.
  const constants = new Set(parts.initialisers.map(({ name }) => name));
  return {
    ...parts,
    opset,
    inputs: inputs.filter(({ name }) => !constants.has(name)),
    outputs: outputs.map((value) => ({ name: value.name, stated: value })),
  };
}

/**
 * Only the constants of an ONNX file, whatever its opset and operators: how weights are taken out of a foreign model.
 * Views of `file` where their alignment allows. Throws bad-model.
 */
export function decodeInitialisers(file: Uint8Array): readonly Initialiser[] {
  const found: Initialiser[] = [];
  eachField(
    graphBytes(file, () => {}),
    (field) => {
      if (field.number !== GRAPH.initializer) field.skip();
      else if (found.length < MOST) found.push(readTensor(field.bytes()));
      else malformed(`more than ${MOST} constants`);
    },
  );
  return found;
}

function graphBytes(file: Uint8Array, onOpset: (bytes: Uint8Array) => void): Uint8Array {
  let graph: Uint8Array | undefined;
  eachField(file, (field) => {
    if (field.number === MODEL.graph) {
      if (graph) malformed('it holds two graphs');
      graph = field.bytes();
    } else if (field.number === MODEL.opset) onOpset(field.bytes());
    else if (field.number === MODEL.functions) malformed('it defines functions, which are not supported');
    else field.skip();
  });
  return graph ?? malformed('it holds no graph');
}

/** The version of ONNX's own operators; undefined for another domain. */
function standardOpset(bytes: Uint8Array): number | undefined {
  let [domain, version] = ['', 0];
  eachField(bytes, (field) => {
    if (field.number === OPERATOR_SET.domain) domain = field.text();
    else if (field.number === OPERATOR_SET.version) version = field.int();
    else field.skip();
  });
  return domain === '' || domain === 'ai.onnx' ? version : undefined;
}

function readNode(bytes: Uint8Array, index: number): Node {
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes: [string, Attribute][] = [];
  let [name, op] = [`node_${index}`, ''];
  eachField(bytes, (field) => {
    if (field.number === NODE.input) inputs.push(field.text());
    else if (field.number === NODE.output) outputs.push(field.text());
    else if (field.number === NODE.name) name = field.text() || name;
    else if (field.number === NODE.opType) op = field.text();
    else if (field.number === NODE.attribute) attributes.push(readAttribute(field.bytes(), name));
    else if (field.number === NODE.domain) {
      const domain = field.text();
      if (domain !== '' && domain !== 'ai.onnx') malformed(`node ${name} is of the domain ${domain}`);
    } else field.skip();
  });
  if (new Set(attributes.map(([key]) => key)).size !== attributes.length)
    malformed(`node ${name} has an attribute twice`);
  return { name, op, inputs, outputs, attributes: Object.fromEntries(attributes) };
}

function readAttribute(bytes: Uint8Array, node: string): [string, Attribute] {
  const ints: number[] = [];
  const floats: number[] = [];
  const single = { name: '', type: 0, int: 0, float: 0, string: '' };
  let tensor: Uint8Array | undefined;
  eachField(bytes, (field) => {
    if (field.number === ATTRIBUTE.name) single.name = field.text();
    else if (field.number === ATTRIBUTE.type) single.type = field.int();
    else if (field.number === ATTRIBUTE.int) single.int = field.int();
    else if (field.number === ATTRIBUTE.float) single.float = field.float();
    else if (field.number === ATTRIBUTE.string) single.string = field.text();
    else if (field.number === ATTRIBUTE.ints) field.ints(ints, ATTRIBUTE_NUMBERS);
    else if (field.number === ATTRIBUTE.floats) field.floats(floats, ATTRIBUTE_NUMBERS);
    else if (field.number === ATTRIBUTE.tensor) tensor = field.bytes();
    else field.skip();
  });
  const { name } = single;
  if (name === '' || name === '__proto__') malformed(`node ${node} has an attribute named '${name}'`);
  const type = Object.entries(ATTRIBUTE_CODES).find(([, code]) => code === single.type)?.[0];
  switch (type) {
    case 'int':
      return [name, { type, value: single.int }];
    case 'float':
      return [name, { type, value: single.float }];
    case 'string':
      return [name, { type, value: single.string }];
    case 'ints':
      return [name, { type, value: ints }];
    case 'floats':
      return [name, { type, value: floats }];
    case 'tensor': {
      const { dtype, dims, data } = readTensor(tensor ?? new Uint8Array(0));
      return [name, { type, value: { dtype, dims, data } }];
    }
    default:
      return malformed(`attribute ${name} of node ${node} has type ${single.type}, which is not supported`);
  }
}

interface TypedData {
  readonly floats: number[];
  readonly ints: number[];
  raw?: Uint8Array;
}

function readTensor(bytes: Uint8Array): Initialiser {
  const dims: number[] = [];
  const data: TypedData = { floats: [], ints: [] };
  let [name, code] = ['', 0];
  const count = bytes.length;
  eachField(bytes, (field) => {
    if (field.number === TENSOR.dims) field.ints(dims, RANK);
    else if (field.number === TENSOR.dataType) code = field.int();
    else if (field.number === TENSOR.name) name = field.text();
    else if (field.number === TENSOR.rawData) data.raw = field.bytes();
    else if (field.number === TENSOR.floatData) field.floats(data.floats, count);
    else if (field.number === TENSOR.int32Data || field.number === TENSOR.int64Data) field.ints(data.ints, count);
    else if (field.number === TENSOR.external || (field.number === TENSOR.location && field.int() !== 0))
      malformed(`the data of ${name === '' ? 'a tensor' : name} is in another file`);
    else if (field.number !== TENSOR.location) field.skip();
  });
  const dtype = dtypeOfCode(code) ?? malformed(`tensor ${name} has type ${code}, which is not supported`);
  if (dims.some((dim) => dim < 0)) malformed(`tensor ${name} has the shape [${dims.join(', ')}]`);
  const length = dims.reduce((total, dim) => total * dim, 1);
  const values = data.raw ? rawElements(name, dtype, data.raw, length) : typedElements(dtype, data);
  if (values.length !== length)
    malformed(`tensor ${name} has the shape [${dims.join(', ')}] but ${values.length} elements`);
  return { name, dtype, dims, data: values };
}

function rawElements(name: string, dtype: Dtype, raw: Uint8Array, length: number): TensorData {
  if (raw.length !== length * DTYPES[dtype].bytes)
    malformed(`tensor ${name} holds ${raw.length} bytes for ${length} elements of ${dtype}`);
  return elements(dtype, raw);
}

/** Data other writers put into typed fields: float_data, int64_data, and int32_data for all narrower whole numbers. */
function typedElements(dtype: Dtype, { floats, ints }: TypedData): TensorData {
  if (dtype === 'float32') return Float32Array.from(floats);
  if (dtype === 'int64') return BigInt64Array.from(ints, BigInt);
  const array = DTYPES[dtype].make(new ArrayBuffer(ints.length * DTYPES[dtype].bytes), 0, ints.length);
  (array as Int32Array).set(ints);
  return array;
}

function readValue(bytes: Uint8Array): Value {
  let name = '';
  let type: Uint8Array | undefined;
  eachField(bytes, (field) => {
    if (field.number === VALUE_INFO.name) name = field.text();
    else if (field.number === VALUE_INFO.type) type = field.bytes();
    else field.skip();
  });
  let tensor: Uint8Array | undefined;
  eachField(type ?? malformed(`${name} has no type`), (field) => {
    if (field.number !== TYPE.tensor) malformed(`${name} is not a tensor`);
    tensor = field.bytes();
  });
  let code = 0;
  let shape: Dim[] | undefined;
  eachField(tensor ?? malformed(`${name} has no type`), (field) => {
    if (field.number === TENSOR_TYPE.elemType) code = field.int();
    else if (field.number === TENSOR_TYPE.shape) shape = readShape(field.bytes(), name);
    else field.skip();
  });
  const dtype = dtypeOfCode(code) ?? malformed(`${name} has type ${code}, which is not supported`);
  return { name, dtype, shape: shape ?? malformed(`${name} has no shape`) };
}

function readShape(bytes: Uint8Array, name: string): Dim[] {
  const shape: Dim[] = [];
  eachField(bytes, (field) => {
    if (field.number !== SHAPE.dim) return field.skip();
    if (shape.length >= RANK) malformed(`${name} has more than ${RANK} axes`);
    let dim: Dim | undefined;
    eachField(field.bytes(), (part) => {
      if (part.number === DIMENSION.value) dim = part.int();
      else if (part.number === DIMENSION.parameter) dim = part.text();
      else part.skip();
    });
    if (dim === undefined || (typeof dim === 'string' ? !isDimText(dim) : dim < 0))
      malformed(`${name} has a size '${dim ?? ''}' on axis ${shape.length}`);
    shape.push(dim);
  });
  return shape;
}
