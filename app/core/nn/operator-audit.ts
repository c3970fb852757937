/** Which nodes of a graph a device would hand to the CPU, by the device's published table. For devices that cannot run here. */
import type { Device } from '../../contract/jobs.ts';
import type { Dtype } from '../onnx/dtype.ts';
import type { Graph, Node, Value } from '../onnx/graph.ts';
import { OPERATOR_TABLES } from './operator-tables.ts';

/** A node that would run on the CPU, and why. */
export interface Fallback {
  readonly node: string;
  readonly op: string;
  readonly reason: string;
}

interface Row {
  readonly from: number;
  readonly to: number;
  readonly types: readonly string[];
}

/** Operators that ONNX defines by others: a runtime without a kernel for them takes them apart. */
const COMPOSED: Readonly<Record<string, readonly string[]>> = { HardSwish: ['HardSigmoid', 'Mul'] };

/** Which input's type counts; the first where nothing is said. */
const DATA_INPUT: Readonly<Record<string, number>> = { Where: 1 };

/** Devices that have a table. */
export const AUDITED = Object.keys(OPERATOR_TABLES) as readonly Device[];

/** The nodes of `graph` that `device` leaves to the CPU. Throws for a device without a table. */
export function auditGraph(graph: Graph, device: Device): Fallback[] {
  const rows = tableOf(device);
  const values = new Map(graph.values.map((value) => [value.name, value]));
  const constants = new Set(graph.initialisers.map(({ name }) => name));
  return graph.nodes.flatMap((node) => {
    const reason =
      missing(node, graph.opset, rows, values) ?? (device === 'coreml' ? ofCoreml(node, values, constants) : undefined);
    return reason === undefined ? [] : [{ node: node.name, op: node.op, reason }];
  });
}

function tableOf(device: Device): ReadonlyMap<string, Row> {
  const table = OPERATOR_TABLES[device];
  if (!table) throw new RangeError(`there is no operator table for ${device}`);
  const lines = table.rows.trim().split('\n');
  return new Map(lines.map((line) => rowOf(line.trim())));
}

function rowOf(line: string): [string, Row] {
  const [op, versions = '', ...types] = line.split(' ');
  const [, from, to] = /^(\d+)(?:\+|-(\d+))$/.exec(versions) ?? [];
  if (!op || from === undefined) throw new RangeError(`'${line}' is no row of an operator table`);
  return [op, { from: Number(from), to: to === undefined ? Infinity : Number(to), types }];
}

function missing(
  node: Node,
  opset: number,
  rows: ReadonlyMap<string, Row>,
  values: ReadonlyMap<string, Value>,
): string | undefined {
  const dtype = values.get(node.inputs[DATA_INPUT[node.op] ?? 0] ?? '')?.dtype;
  for (const op of rows.has(node.op) ? [node.op] : (COMPOSED[node.op] ?? [node.op])) {
    const row = rows.get(op);
    if (!row) return `there is no ${op}`;
    if (opset < row.from || opset > row.to) return `there is no ${op} of operator set ${opset}`;
    if (dtype !== undefined && !row.types.includes(dtype satisfies Dtype)) return `there is no ${op} of ${dtype}`;
  }
  return undefined;
}

/** The notes of CoreML's table, as far as our graphs can meet them. */
function ofCoreml(
  { op, inputs }: Node,
  values: ReadonlyMap<string, Value>,
  constants: ReadonlySet<string>,
): string | undefined {
  const rank = values.get(inputs[0] ?? '')?.shape.length;
  const fixed = inputs.slice(1).every((name) => name === '' || constants.has(name));
  if (op === 'Conv' && rank !== undefined && rank > 4) return 'convolutions have at most two axes of space';
  if (op === 'GridSample' && rank !== 4) return 'GridSample takes four axes';
  if (['AveragePool', 'MaxPool', 'GlobalAveragePool'].includes(op) && rank !== 4) return 'pools have two axes of space';
  if (['Slice', 'Split', 'ConvTranspose'].includes(op) && !fixed) return `${op} takes constants`;
  if (op === 'Gemm' && !constants.has(inputs[1] ?? '')) return 'the second matrix of Gemm is a constant';
  if (op === 'Conv' && inputs.length > 2 && !constants.has(inputs[2]!)) return 'the bias of Conv is a constant';
  return undefined;
}

/** One line for each operator with fallbacks: 'Pad 4: there is no Pad'. */
export function summary(fallbacks: readonly Fallback[]): string[] {
  const counts = new Map<string, number>();
  for (const { op, reason } of fallbacks) counts.set(`${op}: ${reason}`, (counts.get(`${op}: ${reason}`) ?? 0) + 1);
  return [...counts].map(([text, count]) => `${count} ${text}`);
}
