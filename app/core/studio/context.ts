/** What every group of handlers is given. */
import type { Settings } from '../../contract/settings.ts';
import type { Home } from '../base/home.ts';
import type { Library } from '../library/db.ts';
import type { Access } from './access.ts';
import type { TopicBus } from './topics.ts';

export interface StudioContext {
  readonly db: Library;
  readonly home: Home;
  readonly topics: TopicBus;
  readonly access: Access;
  /** The settings as they are now. */
  readonly settings: () => Settings;
  /** Aborted when the app closes. */
  readonly signal: AbortSignal;
  /** Threads all work together may use. */
  readonly threads: number;
}

/** What a host can do that the core cannot: native dialogs and the system's desktop. A page has none. */
export interface DesktopHost {
  pickFiles(options: { title: string; endings: string[]; many: boolean }): Promise<string[] | null>;
  pickFolder(options: { title: string }): Promise<string | null>;
  pickSave(options: { title: string; name: string; endings: string[] }): Promise<string | null>;
  reveal(path: string): Promise<void>;
  fullscreen(on: boolean): Promise<void>;
}
