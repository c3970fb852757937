/**
 * Loaded before every test: what tests remember is not put into the library of whoever runs them, and what is compiled for one process is there
 * for the next. A run starts about a thousand of them; half of what each costs is reading TypeScript.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

process.env['INBETWEEN_HOME'] ??= join(tmpdir(), 'inbetween-test-home');
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'inbetween-test-compiled');
enableCompileCache(process.env['NODE_COMPILE_CACHE']);
