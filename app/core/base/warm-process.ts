/** A process of our own that takes orders and answers them: started when it is first needed, kept warm, started again when it dies. */
import { AppError } from '../../contract/errors.ts';
import { serveProcesses } from './asked-process.ts';
import { startProcess, type OwnProcess } from './node-process.ts';

/** Milliseconds after the last order and the last answer, unless told otherwise. */
const IDLE_MS = 180_000;

export interface WarmProcessOptions<Order, Answer> {
  /** Path of the module to run. */
  readonly entry: string;
  /** In the environment of what it starts, and in what a user is told: "The preview's process ended". */
  readonly name: string;
  /** Its first order, each time it is started. */
  readonly opening: () => Order;
  /** The answer, or undefined for what is not understood. */
  readonly read: (message: unknown) => Answer | undefined;
  readonly onAnswer: (answer: Answer) => void;
  /** It ended although nobody asked it to: what it was asked for will not come. */
  readonly onDeath: (error: AppError) => void;
  /** Whether an answer is waited for, however long it takes. */
  readonly busy: () => boolean;
  readonly idleMs?: number | undefined;
}

export class WarmProcess<Order, Answer> {
  readonly #options: WarmProcessOptions<Order, Answer>;
  #process: OwnProcess | undefined;
  #waiting: Order[] = [];
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: WarmProcessOptions<Order, Answer>) {
    this.#options = options;
  }

  /** Starts the process if it does not run. */
  send(order: Order): void {
    if (this.#closed) return;
    const running = (this.#process ??= this.#start());
    if (running.pid === undefined || this.#waiting.length > 0) this.#waiting.push(order);
    else running.send(order);
    this.#awaken();
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** Ends it at once, with all it started; the next order starts another. */
  end(): void {
    clearTimeout(this.#idle);
    const running = this.#process;
    this.#process = undefined;
    if (running) kill(running);
  }

  /** Ends it for good. */
  close(): void {
    this.#closed = true;
    this.end();
  }

  /** Engines take hundreds of megabytes: who has not been asked for a while, and has nothing to say, goes. */
  #awaken(): void {
    clearTimeout(this.#idle);
    const { busy, idleMs = IDLE_MS } = this.#options;
    this.#idle = setTimeout(() => (busy() ? this.#awaken() : this.end()), idleMs).unref();
  }

  #start(): OwnProcess {
    const { entry, name, opening, read } = this.#options;
    this.#waiting = [opening()];
    const own = process.platform !== 'win32';
    const processes = serveProcesses(name, (message) => started.send(message));
    const started: OwnProcess = startProcess(entry, {
      // [Note: no orphans] in jobs/worker.ts.
      lead: true,
      env: { ...process.env, INBETWEEN_GROUP: own ? 'own' : '' },
      onSpawn: () => {
        if (this.#process !== started) return;
        const orders = this.#waiting;
        this.#waiting = [];
        for (const order of orders) started.send(order);
      },
      onMessage: (message) => {
        if (processes.hear(message)) return;
        const answer = read(message);
        if (answer === undefined || this.#process !== started) return;
        this.#awaken();
        this.#options.onAnswer(answer);
      },
      onExit: ({ error }) => {
        processes.end();
        kill(started);
        if (this.#process !== started) return;
        this.#process = undefined;
        this.#waiting = [];
        const why = error ? `could not be started: ${error.message}` : 'ended unexpectedly';
        if (!this.#closed) this.#options.onDeath(new AppError('worker-died', `The ${name}'s process ${why}.`));
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
