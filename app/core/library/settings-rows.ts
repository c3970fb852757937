/** The user's settings: one row a setting, so that two windows that change different ones do not undo each other. */
import { z } from 'zod';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.ts';
import type { Library } from './db.ts';

const rowSchema = z.object({ name: z.string(), value: z.string() });

/** The settings; what is missing, or not as `schema` wants it (a newer version wrote it), has its default. */
export function readSettings(db: Library, schema: z.ZodType<Partial<Settings>>): Settings {
  const rows = db.all(rowSchema, 'SELECT name, value FROM settings');
  const found: Partial<Settings> = {};
  for (const { name, value } of rows) {
    const one = schema.safeParse({ [name]: fromJson(value) });
    if (one.success) Object.assign(found, one.data);
  }
  return { ...DEFAULT_SETTINGS, ...found };
}

export function writeSettings(db: Library, changes: Partial<Settings>): void {
  db.write(() => {
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) continue;
      db.run(
        'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
        name,
        JSON.stringify(value),
      );
    }
  });
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
