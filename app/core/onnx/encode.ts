/**
 * Writes a graph as an ONNX file (onnx.proto3 of ONNX 1.11: IR version 8).
 *
 * [Note: protobuf by its wire module]
 * Choice: the reader and writer of single fields come from @bufbuild/protobuf/wire; the seven messages of ONNX that graphs
 * use are written out here and in decode.ts. Why: typed, no dependency, byte fields are read as views of the file, and a
 * large weight is written as a chunk of its own that is never copied. The alternatives (protobufjs by reflection, code
 * generated from onnx.proto) build the whole message tree first and one buffer for all of it. Trade-off: field numbers stand
 * in our sources (schema.ts), and a message ONNX adds later must be added by hand.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { AppError } from '../../contract/errors.ts';
import type { Dim } from './dim.ts';
import { bytesOf, DTYPES } from './dtype.ts';
import type { Attribute, Graph, Node, Tensor, Value } from './graph.ts';
import { ATTRIBUTE, ATTRIBUTE_CODES, DIMENSION, GRAPH, MODEL, NODE, OPERATOR_SET, SHAPE, TENSOR } from './schema.ts';
import { TENSOR_TYPE, TYPE, VALUE_INFO } from './schema.ts';

const IR_VERSION = 8;
/** Protobuf messages end at 2 GiB, and ONNX Runtime takes no larger model in one piece. */
const LARGEST = 2 ** 31 - 1;

/** The whole file in one array. Throws too-large above 2 GiB. For large models `modelChunks` spares the copy. */
export function encodeModel(graph: Graph): Uint8Array {
  const chunks = [...modelChunks(graph)];
  const file = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    file.set(chunk, at);
    at += chunk.length;
  }
  return file;
}

/**
 * The file in pieces, in order: write one after the other. Large weights are views of the graph's own arrays, so the memory
 * needed is that of the graph. Throws too-large, before the first piece, if the file would exceed 2 GiB.
 */
export function* modelChunks(graph: Graph): Generator<Uint8Array, void, undefined> {
  const body: Uint8Array[] = [];
  const head = new BinaryWriter();
  for (const node of graph.nodes) message(head, GRAPH.node, () => writeNode(head, node));
  head.tag(GRAPH.name, WireType.LengthDelimited).string(graph.name);
  body.push(head.finish());
  for (const { name, ...tensor } of graph.initialisers) body.push(...tensorField(GRAPH.initializer, name, tensor));
  const tail = new BinaryWriter();
  for (const value of graph.inputs) message(tail, GRAPH.input, () => writeValue(tail, value));
  for (const value of graph.outputs) message(tail, GRAPH.output, () => writeValue(tail, value));
  body.push(tail.finish());
  const length = body.reduce((total, chunk) => total + chunk.length, 0);
  if (length > LARGEST - 1024)
    throw new AppError('too-large', `The model ${graph.name} has ${length} bytes; an ONNX file holds 2 GiB.`);
  const model = new BinaryWriter();
  model.tag(MODEL.irVersion, WireType.Varint).int64(IR_VERSION);
  model.tag(MODEL.producer, WireType.LengthDelimited).string('inbetween');
  message(model, MODEL.opset, () => model.tag(OPERATOR_SET.version, WireType.Varint).int64(graph.opset));
  yield model.tag(MODEL.graph, WireType.LengthDelimited).uint32(length).finish();
  yield* body;
}

/** A field that holds a message, whose fields `body` writes to the same writer. */
function message(writer: BinaryWriter, field: number, body: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

/** A TensorProto as field `field` of what is being written: its head, then its data as a view. */
function tensorField(field: number, name: string, { dtype, dims, data }: Tensor): [Uint8Array, Uint8Array] {
  const raw = bytesOf(data);
  const head = new BinaryWriter();
  if (dims.length > 0) {
    head.tag(TENSOR.dims, WireType.LengthDelimited).fork();
    for (const dim of dims) head.int64(dim);
    head.join();
  }
  head.tag(TENSOR.dataType, WireType.Varint).int32(DTYPES[dtype].code);
  if (name !== '') text(head, TENSOR.name, name);
  head.tag(TENSOR.rawData, WireType.LengthDelimited).uint32(raw.length);
  const fields = head.finish();
  const whole = new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(fields.length + raw.length);
  return [whole.raw(fields).finish(), raw];
}

function writeNode(writer: BinaryWriter, { name, op, inputs, outputs, attributes }: Node): void {
  for (const input of inputs) text(writer, NODE.input, input);
  for (const output of outputs) text(writer, NODE.output, output);
  text(writer, NODE.name, name);
  text(writer, NODE.opType, op);
  for (const [key, attribute] of Object.entries(attributes))
    message(writer, NODE.attribute, () => writeAttribute(writer, key, attribute));
}

function writeAttribute(writer: BinaryWriter, key: string, attribute: Attribute): void {
  text(writer, ATTRIBUTE.name, key);
  writer.tag(ATTRIBUTE.type, WireType.Varint).int32(ATTRIBUTE_CODES[attribute.type]);
  switch (attribute.type) {
    case 'int':
      writer.tag(ATTRIBUTE.int, WireType.Varint).int64(attribute.value);
      break;
    case 'float':
      writer.tag(ATTRIBUTE.float, WireType.Bit32).float(attribute.value);
      break;
    case 'string':
      text(writer, ATTRIBUTE.string, attribute.value);
      break;
    case 'ints':
      for (const value of attribute.value) writer.tag(ATTRIBUTE.ints, WireType.Varint).int64(value);
      break;
    case 'floats':
      for (const value of attribute.value) writer.tag(ATTRIBUTE.floats, WireType.Bit32).float(value);
      break;
    case 'tensor':
      for (const part of tensorField(ATTRIBUTE.tensor, '', attribute.value)) writer.raw(part);
      break;
  }
}

function writeValue(writer: BinaryWriter, { name, dtype, shape }: Value): void {
  text(writer, VALUE_INFO.name, name);
  message(writer, VALUE_INFO.type, () =>
    message(writer, TYPE.tensor, () => {
      writer.tag(TENSOR_TYPE.elemType, WireType.Varint).int32(DTYPES[dtype].code);
      message(writer, TENSOR_TYPE.shape, () => {
        for (const dim of shape) message(writer, SHAPE.dim, () => writeDim(writer, dim));
      });
    }),
  );
}

function writeDim(writer: BinaryWriter, dim: Dim): void {
  if (typeof dim === 'number') writer.tag(DIMENSION.value, WireType.Varint).int64(dim);
  else text(writer, DIMENSION.parameter, dim);
}
