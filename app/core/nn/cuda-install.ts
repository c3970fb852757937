/**
 * Fetches what ONNX Runtime needs for CUDA and TensorRT and npm does not bring: its own provider libraries, from NuGet, by the install script of
 * its package. CUDA 12, cuDNN 9 and, for TensorRT, TensorRT 10 come from NVIDIA. No machine this was built on has them: unrun.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { startChild } from '../base/child-process.ts';

export interface CudaInstallOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly platform?: NodeJS.Platform;
}

/** What the script of onnxruntime-node 1.30 puts beside its library (script/install-metadata.js). */
const LIBRARIES = ['providers_shared', 'providers_cuda', 'providers_tensorrt'].map(
  (name) => `libonnxruntime_${name}.so`,
);

/**
 * Runs the script and returns the libraries' paths. Throws device-unavailable where there are none for this system, download-failed
 * with what the script says, and the signal's reason. INBETWEEN_OFFLINE=1 forbids it.
 */
export async function installCuda({
  env,
  timeoutMs,
  signal,
  platform = process.platform,
}: CudaInstallOptions): Promise<readonly string[]> {
  if (platform !== 'linux' || process.arch !== 'x64')
    throw new AppError('device-unavailable', 'ONNX Runtime brings CUDA for Linux on x64 alone.');
  if (env['INBETWEEN_OFFLINE'])
    throw new AppError('download-failed', 'The CUDA libraries were not fetched: INBETWEEN_OFFLINE is set.');
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const limit = AbortSignal.timeout(timeoutMs);
  const child = startChild(
    process.execPath,
    [join(root, 'script', 'install.js'), '--onnxruntime-node-install=cuda12'],
    {
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
      // It listens to a proxy by names of its own.
      env: {
        GLOBAL_AGENT_HTTPS_PROXY: env['HTTPS_PROXY'] ?? env['https_proxy'] ?? '',
        ...env,
        ELECTRON_RUN_AS_NODE: '1',
      },
    },
  );
  child.stdout.resume();
  const exit = await child.exited;
  signal?.throwIfAborted();
  const told = child.tail().find((line) => /Error: /.test(line)) ?? child.tail().at(-1) ?? `exit ${exit.code}`;
  const why = limit.aborted ? `not within ${timeoutMs / 1000} s` : told.replace(/^.*?Error: /, '');
  const made = LIBRARIES.map((name) => join(root, 'bin', 'napi-v6', 'linux', 'x64', name));
  if (exit.code === 0 && made.every((path) => existsSync(path))) return made;
  throw new AppError('download-failed', `The CUDA libraries of ONNX Runtime cannot be fetched: ${why}.`);
}
