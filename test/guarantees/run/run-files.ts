/** Runs test files and tells how each of their tests ended, with its figures. */
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { root } from '../../support/command.ts';
import { FIGURE } from '../promise.ts';
import { exactly } from './declared.ts';

/** How a test ended. */
export interface TestRun {
  readonly name: string;
  /** 0 for the file's own tests, more for those inside others. */
  readonly nesting: number;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly ms: number;
  readonly figures: string[];
  /** Of a failure its message, of a skip its reason. */
  readonly why?: string;
}

/** The tests `names` of `file` (all when undefined), in the order they ended. */
export async function runFile(file: string, names: readonly string[] | undefined): Promise<TestRun[]> {
  const path = join(root, file);
  const stream = run({
    files: [path],
    execArgv: ['--import', join(root, 'test', 'support', 'home.ts')],
    ...(names && { testNamePatterns: names.map(exactly) }),
  });
  const ended: { test: TestRun; at: string }[] = [];
  const at = ({ line, column }: { line?: number | undefined; column?: number | undefined }) => `${line}:${column}`;
  for await (const event of stream) {
    if (event.type === 'test:pass' || event.type === 'test:fail') {
      const { name, nesting, details, skip } = event.data;
      // A file that could not be read is told as a test of its path.
      const shown = name === path || name === file || name === relative(process.cwd(), path) ? '(the file)' : name;
      const why =
        event.type === 'test:fail' ? messageOf(event.data.details.error) : typeof skip === 'string' ? skip : undefined;
      const result = event.type === 'test:fail' ? 'failed' : skip ? 'skipped' : 'passed';
      const ms = Math.round(details.duration_ms);
      ended.push({ test: { name: shown, nesting, result, ms, figures: [], ...(why && { why }) }, at: at(event.data) });
    } else if (event.type === 'test:diagnostic' && event.data.message.startsWith(FIGURE)) {
      // Diagnostics follow the end of the test they belong to.
      ended.findLast((one) => one.at === at(event.data))?.test.figures.push(event.data.message.slice(FIGURE.length));
    }
  }
  return ended.map(({ test }) => test);
}

function messageOf(error: Error): string {
  const told = error.cause instanceof Error ? error.cause.message : error.message;
  return told.split('\n').slice(0, 3).join(' ').slice(0, 300);
}
