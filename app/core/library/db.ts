/**
 * The library's database: the only file that knows better-sqlite3.
 *
 * [Note: durability] WAL with synchronous = FULL: what `write` committed survives a power cut. Heartbeats, progress and times of last use go
 * through `soft`, which commits with synchronous = NORMAL: after a power cut they may be a little old, and nothing waits for the disk.
 * Several processes share one library; writers queue for up to BUSY_MS.
 */
import Database from 'better-sqlite3';
import { existsSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { tellStep } from '../base/durable.ts';
import type { Home } from '../base/home.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';
import { clearMark, damageMark, setAside } from './set-aside.ts';

export type SqlValue = string | number | null | Uint8Array;

const BUSY_MS = 5000;
/** 'Inbt': says that a SQLite file is a library of ours. */
const APPLICATION_ID = 0x49_6e_62_74;

/** An open library. Every row that leaves it has been through a schema; every error it throws is an AppError. */
export class Library implements Disposable {
  readonly path: string;
  /** What the user should know about opening it, such as a damaged database that was set aside. */
  readonly notices: readonly string[];
  readonly #db: Database.Database;
  /** What is written now may be lost. */
  #soft = false;
  readonly #statements = new Map<string, Database.Statement<SqlValue[]>>();

  constructor(db: Database.Database, path: string, notices: readonly string[]) {
    this.#db = db;
    this.path = path;
    this.notices = notices;
  }

  /** The first row, or undefined. */
  get<T>(schema: z.ZodType<T>, sql: string, ...params: readonly SqlValue[]): T | undefined {
    const row = this.#guard(() => this.#prepare(sql).get(...params));
    return row === undefined ? undefined : this.#parse(schema, row);
  }

  all<T>(schema: z.ZodType<T>, sql: string, ...params: readonly SqlValue[]): T[] {
    return this.#guard(() => this.#prepare(sql).all(...params)).map((row) => this.#parse(schema, row));
  }

  /** Runs a statement; the number of rows it changed. */
  run(sql: string, ...params: readonly SqlValue[]): number {
    const { changes } = this.#guard(() => this.#prepare(sql).run(...params));
    if (!this.#db.inTransaction) tellStep({ op: 'commit', path: this.path });
    return changes;
  }

  /** One transaction that holds the write lock from its start: what `fn` reads in it, nobody changes meanwhile. Rolled back when it throws. */
  write<T>(fn: () => T): T {
    if (this.#db.inTransaction) return fn();
    const result = this.#guard(() => this.#db.transaction(fn).immediate());
    if (!this.#soft) tellStep({ op: 'commit', path: this.path });
    return result;
  }

  /** As `write`, for what may be lost in a power cut. [Note: durability] */
  soft<T>(fn: () => T): T {
    if (this.#db.inTransaction) return fn();
    this.#guard(() => this.#db.pragma('synchronous = NORMAL'));
    this.#soft = true;
    try {
      return this.write(fn);
    } finally {
      this.#soft = false;
      this.#db.pragma('synchronous = FULL');
    }
  }

  get version(): number {
    return Number(this.#guard(() => this.#db.pragma('user_version', { simple: true })));
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #prepare(sql: string): Database.Statement<SqlValue[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#db.prepare<SqlValue[]>(sql)));
    return statement;
  }

  #parse<T>(schema: z.ZodType<T>, row: unknown): T {
    const parsed = schema.safeParse(row);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const what = issue === undefined ? 'a row' : `${issue.path.join('.')}: ${issue.message}`;
    throw new AppError('database', `The library ${this.path} holds something Inbetween did not write (${what}).`);
  }

  #guard<T>(fn: () => T): T {
    try {
      return fn();
    } catch (error) {
      if (isDamage(error)) markDamaged(this.path);
      throw asAppError(error, this.path);
    }
  }
}

export interface OpenOptions {
  /** The steps to bring the database up to; tests open older ones. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens the library's database, made or brought up to date where needed. One that is damaged is set aside, and `notices` says so.
 * Throws `database`: made by a newer version, not a library, not openable.
 */
export function openLibrary(home: Pick<Home, 'database'>, { migrations = MIGRATIONS }: OpenOptions = {}): Library {
  const path = home.database;
  const notices: string[] = [];
  try {
    if (existsSync(damageMark(path))) notices.push(...recover(path));
    try {
      return new Library(connect(path, migrations), path, notices);
    } catch (error) {
      if (!isDamage(error)) throw error;
      markDamaged(path);
      notices.push(...recover(path));
      return new Library(connect(path, migrations), path, notices);
    }
  } catch (error) {
    throw asAppError(error, path);
  }
}

function connect(path: string, migrations: readonly Migration[]): Database.Database {
  const db = new Database(path, { timeout: BUSY_MS });
  try {
    const application = Number(db.pragma('application_id', { simple: true }));
    const version = Number(db.pragma('user_version', { simple: true }));
    const newest = migrations.at(-1)?.version ?? 0;
    if (application !== APPLICATION_ID && (application !== 0 || version !== 0)) {
      throw new AppError(
        'database',
        `${path} is a database of another program; choose another folder with --library DIR.`,
      );
    }
    if (version > newest) throw newerLibrary(path, version, newest);
    retryBusy(() => db.pragma('journal_mode = WAL'));
    db.pragma('synchronous = FULL');
    // macOS: down to the platter, as Node's own fsync does.
    db.pragma('fullfsync = ON');
    db.pragma('foreign_keys = ON');
    if (version < newest) migrate(db, path, migrations);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** All missing steps in one transaction; another process that came first has done them already. */
function migrate(db: Database.Database, path: string, migrations: readonly Migration[]): void {
  db.transaction(() => {
    const version = Number(db.pragma('user_version', { simple: true }));
    const newest = migrations.at(-1)?.version ?? 0;
    if (version > newest) throw newerLibrary(path, version, newest);
    for (const step of migrations) {
      if (step.version <= version) continue;
      db.exec(step.sql);
      db.pragma(`user_version = ${step.version}`);
    }
    db.pragma(`application_id = ${APPLICATION_ID}`);
  }).immediate();
}

function newerLibrary(path: string, version: number, newest: number): AppError {
  return new AppError(
    'database',
    `The library ${path} was made by a newer Inbetween (version ${version}; this one knows ${newest}): ` +
      'update Inbetween, or choose another folder with --library DIR.',
  );
}

/** The switch to WAL does not wait for other connections as everything else does. */
function retryBusy(fn: () => unknown): void {
  const until = performance.now() + BUSY_MS;
  for (;;) {
    try {
      fn();
      return;
    } catch (error) {
      if (!codeOf(error).startsWith('SQLITE_BUSY') || performance.now() > until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

/** Sets a damaged database aside, one process at a time; returns what to tell the user. */
function recover(path: string): string[] {
  const lock = new Database(`${path}.recovery`, { timeout: 10_000 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    if (isSound(path)) {
      clearMark(path);
      return [];
    }
    const aside = setAside(path);
    return [
      `The library's database was damaged; it is kept as ${aside}, and a new one was begun. Finished chunks are found again.`,
    ];
  } finally {
    lock.close();
  }
}

function isSound(path: string): boolean {
  try {
    const db = new Database(path, { timeout: BUSY_MS, fileMustExist: true });
    try {
      return db.pragma('quick_check(1)', { simple: true }) === 'ok';
    } finally {
      db.close();
    }
  } catch (error) {
    if (isDamage(error)) return false;
    // It has been set aside already, and nobody has begun the new one yet.
    if (!existsSync(path)) return true;
    throw error;
  }
}

/** A database that turns out damaged in the middle of work is set aside when it is next opened. */
function markDamaged(path: string): void {
  try {
    writeFileSync(damageMark(path), '');
  } catch {
    // On a disk that takes no file the sentence of the error itself has to do.
  }
}

function codeOf(error: unknown): string {
  return error instanceof Database.SqliteError ? error.code : '';
}

function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

function asAppError(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (!(error instanceof Error) || (code === '' && !/database/i.test(error.message)) || error instanceof AppError)
    return error;
  const cause = { cause: error };
  if (isDamage(error)) {
    return new AppError(
      'database',
      `The library ${path} is damaged; run the command again: it will be set aside and a new one begun.`,
      cause,
    );
  }
  if (code.startsWith('SQLITE_FULL'))
    return new AppError('disk-full', `The disk is full: the library ${path} could not be written.`, cause);
  if (code.startsWith('SQLITE_BUSY'))
    return new AppError('database', `The library ${path} is held by another program; try again.`, cause);
  return new AppError('database', `The library ${path} cannot be used: ${error.message}.`, cause);
}
