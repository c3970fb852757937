/** Loaded before every test: what tests remember is not put into the library of whoever runs them. */
import { join } from 'node:path';
import { tmpdir } from 'node:os';

process.env['INBETWEEN_HOME'] ??= join(tmpdir(), 'inbetween-test-home');
