/** `npm run test:electron`: the specs of the whole app on real Electron, where its binary is; in one line why not, where it is not. */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { electronBinary } from './electron-binary.ts';

const ROOT = join(import.meta.dirname, '..');

if (electronBinary() === undefined) {
  console.log('test:electron: nothing was tested, Electron has no binary here (npx install-electron downloads it).');
} else if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) {
  console.log(
    'test:electron: nothing was tested, there is no display here (xvfb-run npm run test:electron makes one).',
  );
} else {
  const specs = globSync('test/e2e/**/*.e2e.ts', { cwd: ROOT }).toSorted();
  const child = spawn(
    process.execPath,
    ['--import', './test/support/home.ts', '--test', '--test-concurrency=1', ...specs],
    { cwd: ROOT, stdio: 'inherit', env: { ...process.env, INBETWEEN_ELECTRON: '1', INBETWEEN_E2E_HOST: 'double' } },
  );
  child.on('exit', (status) => (process.exitCode = status ?? 1));
}
