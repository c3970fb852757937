/** What the rest of the desk sees of running jobs: the taskbar's progress, notifications, a machine that stays awake. */
import { Notification, powerSaveBlocker, type BrowserWindow } from 'electron';
import { basename } from 'node:path';
import type { Client } from '../contract/api.ts';
import type { JobSummary } from '../contract/jobs.ts';
import type { QueueStatus } from '../contract/queue.ts';

export interface Desk {
  /** Jobs that run now. */
  running(): number;
  close(): void;
}

export interface DeskOptions {
  readonly client: Client;
  readonly window: () => BrowserWindow | undefined;
  /** Whether the user wants to be told. */
  readonly notify: () => boolean;
  /** A notification was clicked. */
  readonly onClick: () => void;
}

export function watchJobs({ client, window, notify, onClick }: DeskOptions): Desk {
  let running = 0;
  let awake: number | undefined;
  /** Shown ones: one that is collected as garbage cannot be clicked. */
  const shown = new Set<Notification>();
  const hear = (status: QueueStatus): void => {
    running = status.items.filter(({ state }) => state === 'running').length;
    window()?.setProgressBar(fractionOf(status));
    if (running > 0) awake ??= powerSaveBlocker.start('prevent-app-suspension');
    else awake = letSleep(awake);
  };
  const tell = ({ job }: { job: JobSummary }): void => {
    if (!notify() || window()?.isFocused() === true || !Notification.isSupported()) return;
    const words = wordsOf(job);
    if (words === undefined) return;
    const notification = new Notification({ ...words, silent: false });
    shown.add(notification);
    notification.on('click', onClick);
    notification.on('close', () => shown.delete(notification));
    notification.show();
  };
  const off = [client.on('queue.changed', hear), client.on('queue.ended', tell)];
  return {
    running: () => running,
    close() {
      for (const end of off) end();
      awake = letSleep(awake);
    },
  };
}

function letSleep(awake: number | undefined): undefined {
  if (awake !== undefined) powerSaveBlocker.stop(awake);
  return undefined;
}

/** Of what is being done and what waits behind it, 0 to 1; -1, no bar, while nothing runs. */
export function fractionOf({ items }: QueueStatus): number {
  if (!items.some(({ state }) => state === 'running')) return -1;
  const counted = items.filter(({ state }) => state === 'running' || state === 'waiting');
  return counted.reduce((sum, { fraction }) => sum + fraction, 0) / counted.length;
}

/** Undefined for what nobody needs to hear: a cancel was the user's own. */
export function wordsOf({ state, spec, error }: JobSummary): { title: string; body: string } | undefined {
  const name = basename(spec.output);
  if (state === 'done') return { title: `${name} is done`, body: spec.output };
  if (state === 'failed') return { title: `${name} has failed`, body: error?.message ?? '' };
  return undefined;
}
