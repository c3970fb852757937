/** The only import of onnxruntime-node. So far: which execution providers really load and run here. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../base/child-process.ts';

/** Whether an execution provider of ONNX Runtime runs a model here, and if not, why. */
export interface ProviderReport {
  readonly name: string;
  readonly loads: boolean;
  readonly reason?: string;
}

/** How long one provider may take to start: a GPU's first start compiles its shaders. */
const TRIAL_MS = 60_000;

/** The version of ONNX Runtime. */
export async function runtimeVersion(): Promise<string> {
  const { env } = await import('onnxruntime-node');
  return env.versions.node ?? env.versions.common;
}

/**
 * Tries every execution provider this build of ONNX Runtime has, each on a model of one node in a process of its own (a broken GPU
 * driver takes its process down). A provider that hands the node to the CPU counts as not loading.
 */
export async function executionProviders(signal?: AbortSignal): Promise<ProviderReport[]> {
  const { listSupportedBackends } = await import('onnxruntime-node');
  const reports: ProviderReport[] = [];
  for (const { name } of listSupportedBackends()) reports.push(await tryInChild(name, signal));
  return reports;
}

async function tryInChild(name: string, signal?: AbortSignal): Promise<ProviderReport> {
  const limit = AbortSignal.timeout(TRIAL_MS);
  const code = `const { tryProvider } = await import(${JSON.stringify(import.meta.url)});
    process.stdout.write('\\n@' + JSON.stringify(await tryProvider(${JSON.stringify(name)})) + '\\n');`;
  const child = startChild(process.execPath, ['--input-type=module', '-e', code], {
    signal: signal ? AbortSignal.any([limit, signal]) : limit,
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const exit = await child.exited;
  signal?.throwIfAborted();
  const answer = /^@(.*)$/m.exec(text)?.[1];
  if (answer !== undefined) {
    const { reason } = JSON.parse(answer) as { reason?: string };
    return reason === undefined ? { name, loads: true } : { name, loads: false, reason };
  }
  const how = limit.aborted
    ? `did not start within ${TRIAL_MS / 1000} s`
    : `ended its process (${exit.signal ?? exit.code})`;
  return { name, loads: false, reason: `${how}${child.tail().length > 0 ? `: ${child.tail().at(-1)}` : ''}` };
}

/** Runs the identity on `name`. `reason` says why it did not work; absent when it did. Called in a process of its own. */
export async function tryProvider(name: string): Promise<{ reason?: string }> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const folder = mkdtempSync(join(tmpdir(), 'inbetween-provider-'));
  try {
    const session = await InferenceSession.create(identityModel(), {
      executionProviders: [name],
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
      logSeverityLevel: 4,
    });
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
    session.endProfiling();
    await session.release();
    const values = y?.data;
    if (!(values instanceof Float32Array) || values.join() !== '1,2,3,4')
      return { reason: 'it computes wrong results' };
    const profile = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('');
    const placed = [...profile.matchAll(/"provider"\s*:\s*"(\w+)ExecutionProvider"/g)].map((match) =>
      match[1]?.toLowerCase(),
    );
    if (placed.length > 0 && !placed.includes(name.toLowerCase()))
      return { reason: `it hands its work to ${placed[0] ?? 'another'}` };
    return {};
  } catch (error) {
    const said = (error instanceof Error ? error.message : String(error)).trim().split('\n')[0] ?? '';
    // ONNX Runtime's messages begin with the source line they come from.
    return { reason: said.replace(/^\/\S+:\d+ .* was false\. /, '') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** y = -(-x) of four floats, as an ONNX file (onnx.proto, ModelProto; opset 16): a node a provider cannot optimise away. */
export function identityModel(): Uint8Array {
  const node = (input: string, output: string): number[] => [...text(1, input), ...text(2, output), ...text(4, 'Neg')];
  // ValueInfoProto: name, type { tensor_type { elem_type: float, shape { dim { dim_value: 4 } } } }
  const value = (name: string): number[] => [
    ...text(1, name),
    ...message(2, message(1, [...int(1, 1), ...message(2, message(1, int(1, 4)))])),
  ];
  const graph = [
    ...message(1, node('x', 'm')),
    ...message(1, node('m', 'y')),
    ...text(2, 'identity'),
    ...message(11, value('x')),
    ...message(12, value('y')),
  ];
  return Uint8Array.from([...int(1, 8), ...message(7, graph), ...message(8, int(2, 16))]);
}

/** Protobuf fields; every length here is below 128, so one byte is a whole varint. */
function int(field: number, value: number): number[] {
  return [field << 3, value];
}

function message(field: number, bytes: readonly number[]): number[] {
  return [(field << 3) | 2, bytes.length, ...bytes];
}

function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}
