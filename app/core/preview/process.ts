/** The preview's own process: started when it is first needed, kept warm, started again when it dies. */
import { AppError } from '../../contract/errors.ts';
import { serveProcesses } from '../base/asked-process.ts';
import { startProcess, type OwnProcess } from '../base/node-process.ts';
import { ownModulePath } from '../base/own-files.ts';
import { answerSchema, type PreviewAnswer, type PreviewOrder } from './messages.ts';

const WORKER = ownModulePath('./worker', import.meta.url);

/** Milliseconds after the last order and the last answer, unless told otherwise. */
const IDLE_MS = 180_000;

export interface PreviewProcessOptions {
  readonly home: string;
  readonly threads: number;
  readonly onAnswer: (answer: PreviewAnswer) => void;
  /** It ended although nobody asked it to: what it was asked for will not come. */
  readonly onDeath: (error: AppError) => void;
  /** Whether an answer is waited for, however long it takes. */
  readonly busy: () => boolean;
  readonly idleMs?: number | undefined;
}

export class PreviewProcess {
  readonly #options: PreviewProcessOptions;
  #process: OwnProcess | undefined;
  #waiting: PreviewOrder[] = [];
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PreviewProcessOptions) {
    this.#options = options;
  }

  /** Starts the process if it does not run. */
  send(order: PreviewOrder): void {
    if (this.#closed) return;
    const running = (this.#process ??= this.#start());
    if (running.pid === undefined || this.#waiting.length > 0) this.#waiting.push(order);
    else running.send(order);
    this.#awaken();
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  close(): void {
    this.#closed = true;
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#idle);
    const running = this.#process;
    this.#process = undefined;
    if (running) kill(running);
  }

  /** Engines take hundreds of megabytes: who has not been asked for a while, and has nothing to say, goes. */
  #awaken(): void {
    clearTimeout(this.#idle);
    const { busy, idleMs = IDLE_MS } = this.#options;
    this.#idle = setTimeout(() => (busy() ? this.#awaken() : this.#end()), idleMs).unref();
  }

  #start(): OwnProcess {
    const { home, threads } = this.#options;
    this.#waiting = [{ type: 'open', home, threads }];
    const own = process.platform !== 'win32';
    const processes = serveProcesses('preview', (message) => started.send(message));
    const started: OwnProcess = startProcess(WORKER, {
      // [Note: no orphans] in jobs/worker.ts.
      lead: true,
      env: { ...process.env, INBETWEEN_GROUP: own ? 'own' : '' },
      onSpawn: () => {
        const orders = this.#waiting;
        this.#waiting = [];
        for (const order of orders) started.send(order);
      },
      onMessage: (message) => {
        if (processes.hear(message)) return;
        const answer = answerSchema.safeParse(message);
        if (!answer.success || this.#process !== started) return;
        this.#awaken();
        this.#options.onAnswer(answer.data);
      },
      onExit: ({ error }) => {
        processes.end();
        kill(started);
        if (this.#process !== started) return;
        this.#process = undefined;
        this.#waiting = [];
        const why = error ? `could not be started: ${error.message}` : 'ended unexpectedly';
        if (!this.#closed) this.#options.onDeath(new AppError('worker-died', `The preview's process ${why}.`));
      },
    });
    started.stdout?.resume();
    started.stderr?.pipe(process.stderr, { end: false });
    return started;
  }
}

function kill(started: OwnProcess): void {
  if (started.leads && started.pid !== undefined) {
    try {
      process.kill(-started.pid, 'SIGKILL');
      return;
    } catch {
      // The group is gone.
    }
  }
  started.kill('SIGKILL');
}
