import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOf, readArguments } from '../../app/main/arguments.ts';

test('files of a command line, wherever Electron puts its own words', () => {
  const words = ['a.mp4', '/films/b.mov', '--no-sandbox', '-psn_0_1', 'https://example.com/c.mp4', '', 'bad\0name'];
  assert.deepEqual(readArguments(['/opt/inbetween', ...words], '/home/me', true), {
    files: ['/home/me/a.mp4', '/films/b.mov'],
    library: undefined,
  });
  assert.deepEqual(readArguments(['electron', '/work', ...words], '/home/me', false).files, [
    '/home/me/a.mp4',
    '/films/b.mov',
  ]);
});

test('the library, in both ways to say it; without a folder it is the usual one', () => {
  const of = (...words: string[]) => readArguments(['inbetween', ...words], '/home/me', true);
  assert.deepEqual(of('--library', 'films', 'a.mp4'), { files: ['/home/me/a.mp4'], library: '/home/me/films' });
  assert.equal(of('--library=/films').library, '/films');
  assert.equal(of('--library').library, undefined);
  assert.equal(of('--library=').library, undefined);
});

test('what a second start hands over is looked at', () => {
  assert.deepEqual(filesOf({ files: ['/a.mp4'] }), ['/a.mp4']);
  for (const other of [
    undefined,
    null,
    {},
    { files: '/a.mp4' },
    { files: ['a.mp4'] },
    { files: ['/a\0.mp4'] },
    { files: [1] },
  ]) {
    assert.deepEqual(filesOf(other), []);
  }
});
