/** Rows of measured engines. */
import { z } from 'zod';
import type { EngineSummary } from '../../contract/settings.ts';
import type { Library } from './db.ts';

export type EngineSpeed = NonNullable<EngineSummary['speed']>;

const row = z
  .object({
    milliseconds: z.number(),
    width: z.number(),
    height: z.number(),
    device: z.string(),
    measured_at: z.string(),
  })
  .transform(({ measured_at, ...speed }): EngineSpeed => ({ ...speed, measuredAt: measured_at }));

/** What was measured of this version of the engine. */
export function engineSpeed(db: Library, engine: string, version: string): EngineSpeed | undefined {
  const sql =
    'SELECT milliseconds, width, height, device, measured_at FROM engine_speeds WHERE engine = ? AND version = ?';
  return db.get(row, sql, engine, version);
}

export function putEngineSpeed(db: Library, engine: string, version: string, speed: EngineSpeed): void {
  const { milliseconds, width, height, device, measuredAt } = speed;
  db.write(() =>
    db.run(
      `INSERT OR REPLACE INTO engine_speeds (engine, version, milliseconds, width, height, device, measured_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      engine,
      version,
      milliseconds,
      width,
      height,
      device,
      measuredAt,
    ),
  );
}
