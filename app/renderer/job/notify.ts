/** Leave to tell outside of the page that a job ended. */
import { app } from '../state/connection.svelte.ts';
import { settings } from '../state/settings.svelte.ts';

/** Asks once, where the user wants notifications and the browser was never asked; to be called when he starts something long. */
export async function askToNotify(): Promise<void> {
  if (app.info.host !== 'page' || !settings.current.notify || !('Notification' in window)) return;
  if (Notification.permission === 'default') await Notification.requestPermission().catch(() => 'denied');
}
