/** A queue over a room with counting jobs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobSummary, RetimeSpec } from '../../../app/contract/jobs.ts';
import { SPAN_RULES } from '../../../app/contract/tags.ts';
import type { QueueItem, QueueState, QueueStatus } from '../../../app/contract/queue.ts';
import { JobQueue, type EnqueueOptions } from '../../../app/core/queue/job-queue.ts';
import type { CountOrder } from '../jobs/count-task.ts';
import { countSpec, Room, TASKS_URL, until } from '../jobs/support.ts';

export class QueueRoom implements AsyncDisposable {
  readonly room: Room;
  readonly pushes: QueueStatus[] = [];
  readonly ended: JobSummary[] = [];
  queue: JobQueue;
  #orders = 0;

  constructor(room: Room) {
    this.room = room;
    this.queue = this.open();
  }

  static async make(): Promise<QueueRoom> {
    return new QueueRoom(await Room.make());
  }

  /** As the app does when it starts. */
  open(threads = 1): JobQueue {
    this.queue = new JobQueue({
      db: this.room.db,
      home: this.room.home,
      threads,
      cacheBytes: () => 1e9,
      onChanged: (status) => this.pushes.push(status),
      onEnded: (job) => this.ended.push(job),
      tasks: TASKS_URL,
    });
    return this.queue;
  }

  /** Another job that counts, with an input and an output of its own. */
  async spec(order: CountOrder): Promise<RetimeSpec> {
    const input = join(this.room.folder, `order ${this.#orders++}.json`);
    await writeFile(input, JSON.stringify(order));
    return countSpec(input, `${input}.out`);
  }

  async add(order: CountOrder, options?: EnqueueOptions): Promise<string> {
    return this.queue.enqueue(await this.spec(order), options);
  }

  /** A job of the kind that tags; it counts as the others do. */
  async addTagging(order: CountOrder): Promise<string> {
    const { input, output } = await this.spec(order);
    const rest = { engine: 'count', rules: SPAN_RULES, labels: null, top: 5, force: false };
    return this.queue.enqueue({ kind: 'tag', title: '', input, output: `${output}.json`, ...rest });
  }

  item(id: string): QueueItem {
    const found = this.queue.status().items.find((item) => item.id === id);
    if (found === undefined) throw new Error(`${id} is not in the queue`);
    return found;
  }

  state(id: string): QueueState {
    return this.item(id).state;
  }

  async until(id: string, state: QueueState, ms = 10_000): Promise<void> {
    await until(() => this.state(id) === state, ms).catch((error: unknown) => {
      throw new Error(`${JSON.stringify(this.item(id))} instead of ${state}`, { cause: error });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue.close();
    await this.room[Symbol.asyncDispose]();
  }
}
