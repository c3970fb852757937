/** Where Chromium's Vulkan in software is: WebGPU without a GPU, for its results alone. */
import { existsSync } from 'node:fs';

const ICD = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Points Vulkan to it, for this process and its children; or says why the test is skipped. */
export function useSwiftShader(): string | false {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'WebGPU on SwiftShader is for Linux on x64';
  if (!existsSync(ICD)) return `${ICD} is not there (Debian's package chromium has it): WebGPU is not exercised`;
  process.env['VK_ICD_FILENAMES'] = ICD;
  return false;
}
