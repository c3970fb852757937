/** Short messages in a corner: what happened, what went wrong. */
import { messageOf } from './connection.svelte.ts';

export type ToastKind = 'info' | 'good' | 'warning' | 'error';

export interface Toast {
  id: number;
  kind: ToastKind;
  message: string;
  action?: { label: string; run(): void } | undefined;
}

/** Milliseconds an uneventful one stays; errors stay until they are closed. */
const STAY_MS = 5000;
const MOST = 5;

class Toasts {
  list: Toast[] = $state([]);
  #next = 1;

  show(message: string, kind: ToastKind = 'info', action?: Toast['action']): number {
    const same = this.list.find((toast) => toast.message === message && toast.kind === kind);
    if (same) return same.id;
    const id = this.#next++;
    this.list = [...this.list, { id, kind, message, action }].slice(-MOST);
    if (kind !== 'error') setTimeout(() => this.close(id), action ? 2 * STAY_MS : STAY_MS);
    return id;
  }

  /** Shows the sentence of anything thrown; nothing for what the user cancelled. */
  failed(thrown: unknown): void {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code !== 'cancelled') this.show(messageOf(thrown), 'error');
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();

/** Does it, and shows what it throws; undefined then. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    toasts.failed(thrown);
    return undefined;
  }
}
