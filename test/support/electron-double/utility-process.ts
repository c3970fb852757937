/** utilityProcess: a forked process that finds a parent port (utility-shim.ts). */
import type { ForkOptions } from 'electron';
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';

class UtilityProcess extends EventEmitter {
  readonly #child: ChildProcess;
  readonly stdout: ChildProcess['stdout'];
  readonly stderr: ChildProcess['stderr'];
  #pid: number | undefined;

  constructor(child: ChildProcess) {
    super();
    this.#child = child;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    child.on('spawn', () => {
      this.#pid = child.pid;
      this.emit('spawn');
    });
    child.on('message', (message) => this.emit('message', message));
    child.on('error', () => {});
    child.on('exit', (code, signal) => {
      this.#pid = undefined;
      this.emit('exit', code ?? (signal === 'SIGKILL' ? 9 : 15));
    });
  }

  /** As in Electron: only while it runs. */
  get pid(): number | undefined {
    return this.#pid;
  }

  postMessage(message: unknown): void {
    if (this.#child.connected) this.#child.send(structuredClone(message) as NodeJS.Dict<unknown>, () => {});
  }

  kill(): boolean {
    return this.#child.kill('SIGTERM');
  }
}

export const utilityProcess = {
  fork(entry: string, args: readonly string[] = [], { env, stdio }: ForkOptions = {}): UtilityProcess {
    const pipe = stdio === 'pipe' ? 'pipe' : 'inherit';
    const shim = new URL('./utility-shim.ts', import.meta.url).href;
    const child = fork(entry, [...args], {
      env: (env ?? process.env) as NodeJS.ProcessEnv,
      execArgv: ['--import', shim],
      serialization: 'advanced',
      stdio: ['ignore', pipe, pipe, 'ipc'],
    });
    return new UtilityProcess(child);
  },
};
