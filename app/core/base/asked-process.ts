/**
 * Processes for a job's process that may start none itself: a utility process of Electron asks its parent for them. [Note: own processes] It is
 * what trials of devices need: arguments in, output and exit back. Both halves are here; they speak beside the job's own messages.
 */
import { PassThrough } from 'node:stream';
import { z } from 'zod';
import {
  startProcess,
  startProcessesBy,
  type OwnProcess,
  type ProcessOptions,
  type ProcessStarter,
} from './node-process.ts';
import { inUtilityProcess, parentPort, type ParentPort } from './parent-port.ts';

const askSchema = z.discriminatedUnion('action', [
  z.object({
    type: z.literal('process'),
    action: z.literal('start'),
    id: z.int(),
    entry: z.string(),
    args: z.array(z.string()),
  }),
  z.object({
    type: z.literal('process'),
    action: z.literal('kill'),
    id: z.int(),
    signal: z.enum(['SIGTERM', 'SIGKILL']),
  }),
]);

const tellSchema = z.object({
  type: z.literal('process'),
  id: z.int(),
  pid: z.int().optional(),
  stdout: z.string().optional(),
  stderr: z.string().optional(),
  exit: z.object({ code: z.number().nullable(), signal: z.string().nullable() }).optional(),
});

type Ask = z.infer<typeof askSchema>;
type Tell = z.infer<typeof tellSchema>;

/** The port of a worker's entry that may start processes: as `parentPort`, and where it has to, the parent is asked for them from now on. */
export function workerPort(): ParentPort {
  if (!inUtilityProcess()) return parentPort();
  const { starter, port } = processesOfParent(parentPort());
  startProcessesBy(starter);
  return port;
}

/** The asking half: a starter for startProcessesBy, and the port without the messages that are for it. */
export function processesOfParent(port: ParentPort): { starter: ProcessStarter; port: ParentPort } {
  const open = new Map<number, (tell: Tell) => void>();
  let next = 1;
  const ask = (message: Ask): void => void port.post(message);
  return {
    starter: (entry, options) => {
      const id = next++;
      const asked = new AskedProcess(options, (signal) => ask({ type: 'process', action: 'kill', id, signal }));
      open.set(id, (tell) => {
        asked.hear(tell);
        if (tell.exit) open.delete(id);
      });
      ask({ type: 'process', action: 'start', id, entry, args: [...(options.args ?? [])] });
      return asked;
    },
    port: {
      post: (message) => port.post(message),
      onClose: (listener) => port.onClose(listener),
      onMessage: (listener) =>
        port.onMessage((message) => {
          const tell = tellSchema.safeParse(message);
          if (tell.success) open.get(tell.data.id)?.(tell.data);
          else listener(message);
        }),
    },
  };
}

class AskedProcess implements OwnProcess {
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly leads = false;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly #on: ProcessOptions;
  pid: number | undefined;

  constructor(on: ProcessOptions, kill: (signal: 'SIGTERM' | 'SIGKILL') => void) {
    this.#on = on;
    this.kill = (signal) => kill(signal === 'SIGKILL' ? signal : 'SIGTERM');
  }

  /** No entry that a job's process starts takes messages. */
  send(): void {}

  hear({ pid, stdout, stderr, exit }: Tell): void {
    if (pid !== undefined) {
      this.pid = pid;
      this.#on.onSpawn?.(pid);
    }
    if (stdout !== undefined) this.stdout.write(stdout);
    if (stderr !== undefined) this.stderr.write(stderr);
    if (!exit) return;
    this.#on.onExit?.({ code: exit.code, signal: exit.signal as NodeJS.Signals | null });
    this.stdout.end();
    this.stderr.end();
  }
}

/** The answering half, for one worker: what it asks for is started with the mark of its job, and ends with it. */
export function serveProcesses(
  job: string,
  tell: (message: unknown) => void,
): { hear(message: unknown): boolean; end(): void } {
  const open = new Map<number, OwnProcess>();
  const start = ({ id, entry, args }: Extract<Ask, { action: 'start' }>): void => {
    const say = (told: Omit<Tell, 'type' | 'id'>): void => tell({ type: 'process', id, ...told });
    const child = startProcess(entry, {
      args,
      env: { ...process.env, INBETWEEN_JOB: job },
      onSpawn: (pid) => say({ pid }),
      onExit: ({ code, signal }) => {
        open.delete(id);
        // After its last words, which may still be in the pipe.
        setImmediate(() => say({ exit: { code, signal } }));
      },
    });
    open.set(id, child);
    child.stdout?.setEncoding('utf8').on('data', (stdout: string) => say({ stdout }));
    child.stderr?.setEncoding('utf8').on('data', (stderr: string) => say({ stderr }));
  };
  return {
    /** Whether the message was one of these. */
    hear(message) {
      const ask = askSchema.safeParse(message);
      if (!ask.success) return false;
      if (ask.data.action === 'start') start(ask.data);
      else open.get(ask.data.id)?.kill(ask.data.signal);
      return true;
    },
    end() {
      for (const child of open.values()) child.kill('SIGKILL');
    },
  };
}
