import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient, type Answer } from '../../app/contract/api.ts';
import { openFiles } from '../../app/main/open-files.ts';

/** A core that answers by method. */
function core(answers: Record<string, Answer>) {
  const asked: [string, unknown][] = [];
  const client = createClient({
    listen: () => () => {},
    invoke: async (method, params) => {
      asked.push([method, params]);
      return answers[method]!;
    },
  });
  return { asked, client };
}

const added = (refused: { path: string; reason: string }[]): Answer => ({
  ok: true,
  result: { ids: [], added: 0, known: 0, refused },
});

test('films go into the library, projects are opened, and the view is that of the last', async () => {
  const { asked, client } = core({
    'library.add': added([]),
    'project.import': { ok: true, result: { project: { id: 'p1' }, notes: ['One clip is missing.'] } },
  });
  const told: string[] = [];
  const view = await openFiles(['/a.mp4', '/b.INBETWEEN', '/c.mov'], client, ({ message }) => told.push(message));
  assert.equal(view, '#/edit/p1');
  assert.deepEqual(asked, [
    ['library.add', { paths: ['/a.mp4', '/c.mov'] }],
    ['project.import', { path: '/b.INBETWEEN' }],
  ]);
  assert.deepEqual(told, ['One clip is missing.']);
});

test('what is refused, and what fails, is told', async () => {
  const refused = [
    { path: '/a.txt', reason: 'It is no film' },
    { path: '/b.txt', reason: 'It is no film' },
  ];
  const told: string[] = [];
  const tell = ({ kind, message }: { kind: string; message: string }): void => void told.push(`${kind}: ${message}`);
  await openFiles(['/a.txt', '/b.txt'], core({ 'library.add': added(refused) }).client, tell);
  const failed: Answer = { ok: false, error: { code: 'database', message: 'The library is damaged.' } };
  assert.equal(await openFiles(['/a.mp4'], core({ 'library.add': failed }).client, tell), undefined);
  assert.deepEqual(told, ['warning: /a.txt: It is no film. And 1 more.', 'error: The library is damaged.']);
});
