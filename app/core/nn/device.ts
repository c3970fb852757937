/** The devices a network may run on, by the names people use. */
import { AppError } from '../../contract/errors.ts';
import { DEVICES, type Device, type DeviceChoice } from '../../contract/jobs.ts';

interface DeviceFacts {
  /** ONNX Runtime's name of the execution provider. */
  readonly provider: string;
  /** Its name in ONNX Runtime's profiles. */
  readonly profiled: string;
  /** What is to be done where it does not run. */
  readonly needs: string;
}

export const DEVICE_FACTS: Readonly<Record<Device, DeviceFacts>> = {
  cpu: { provider: 'cpu', profiled: 'CPUExecutionProvider', needs: 'nothing' },
  webgpu: {
    provider: 'webgpu',
    profiled: 'WebGpuExecutionProvider',
    needs: 'a GPU with a Vulkan, Direct3D 12 or Metal driver',
  },
  cuda: {
    provider: 'cuda',
    profiled: 'CUDAExecutionProvider',
    needs: 'an NVIDIA GPU, CUDA 12 and cuDNN 9, and `inbetween setup cuda`',
  },
  tensorrt: {
    provider: 'tensorrt',
    profiled: 'TensorrtExecutionProvider',
    needs: 'an NVIDIA GPU, CUDA 12, cuDNN 9 and TensorRT 10, and `inbetween setup cuda`',
  },
  directml: { provider: 'dml', profiled: 'DmlExecutionProvider', needs: 'a GPU with a Direct3D 12 driver' },
  coreml: { provider: 'coreml', profiled: 'CoreMLExecutionProvider', needs: 'macOS on Apple silicon' },
};

/** The devices that this system can have at all, the one to be tried first in front; the CPU is last. */
export function chainOf(platform: NodeJS.Platform = process.platform): readonly Device[] {
  if (platform === 'win32') return ['directml', 'webgpu', 'cpu'];
  if (platform === 'darwin') return ['coreml', 'webgpu', 'cpu'];
  return platform === 'linux' ? ['cuda', 'tensorrt', 'webgpu', 'cpu'] : ['cpu'];
}

/** The device behind a name as people write it; absent is 'auto'. Throws 'usage'. */
export function deviceChoice(text: string | undefined): DeviceChoice {
  const found = DEVICES.find((name) => name === (text ?? 'auto'));
  if (found) return found;
  throw new AppError('usage', `--device is one of ${DEVICES.join(', ')}, not '${text}'.`);
}
