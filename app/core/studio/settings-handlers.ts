/** Handlers of settings.*. */
import type { Settings } from '../../contract/settings.ts';
import type { Library } from '../library/db.ts';
import { readSettings, writeSettings } from '../library/settings-rows.ts';
import type { HandlersOf } from './handlers.ts';
import { settingChangesSchema } from './schemas.ts';
import type { TopicBus } from './topics.ts';

export interface SettingsPart {
  readonly handlers: HandlersOf<'settings'>;
  /** As they are now. */
  current(): Settings;
}

export function openSettings(db: Library, topics: TopicBus): SettingsPart {
  let settings = readSettings(db, settingChangesSchema);
  return {
    current: () => settings,
    handlers: {
      'settings.get': async () => settings,
      'settings.set': async ({ changes }) => {
        writeSettings(db, changes);
        settings = readSettings(db, settingChangesSchema);
        topics.emit('settings.changed', settings);
        return settings;
      },
    },
  };
}
