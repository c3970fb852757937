/** `fixtures`: whether the networks compute what their authors' code computes. */
import { AppError } from '../../contract/errors.ts';
import { runFixtures, type CaseResult } from '../../core/fixtures/run.ts';
import { parseWords } from '../slowmo-options.ts';
import type { Verb } from '../verb.ts';

export const fixtures: Verb = {
  name: 'fixtures',
  summary: 'Check the networks against reference cases',
  usage: `fixtures FOLDER [--systems film,rife] [--json]

  FOLDER     every case.json in it or below it is run
  --systems  only cases of these systems, separated by commas

  A row a case: passed, failed, weights-not-included (only named by address and hash; put the file where the case says and it runs),
  or no-engine. Exit status 1 when one failed. --json: a line of JSON a case.`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: { systems: { type: 'string' } },
      allowPositionals: true,
    });
    const [folder, ...extra] = positionals;
    if (folder === undefined || extra.length > 0)
      throw new AppError('usage', 'fixtures takes one folder: fixtures FOLDER.');
    const systems = values.systems?.split(',').map((system) => system.trim());
    let [rows, failed] = [0, 0];
    for await (const result of runFixtures(folder, { signal: io.signal, ...(systems && { systems }) })) {
      if (rows++ === 0 && !io.json) io.out(row(['case', 'status', 'largest error', 'tolerance', 'of', 'seconds']));
      if (result.status === 'failed') failed++;
      io.out(io.json ? JSON.stringify(result) : describe(result));
    }
    return failed > 0 ? 1 : 0;
  },
};

function row([id, status, error, tolerance, of, seconds]: readonly string[]): string {
  const cells = [id!.padEnd(30), status!.padEnd(21), error!.padStart(13), tolerance!.padStart(10)];
  return `${cells.join(' ')} ${seconds!.padStart(8)}  ${of}`.trimEnd();
}

function describe({ id, status, worst, compared, skipped, message, seconds }: CaseResult): string {
  const what = [
    worst ? `${worst.run}/${worst.output}, the worst of ${compared} outputs` : '',
    message ?? '',
    skipped.length > 0 ? `weights not included for ${skipped.join(', ')}` : '',
  ].filter((each) => each !== '');
  const number = (value: number | undefined) => (value === undefined ? '' : value.toExponential(1));
  return row([id, status, number(worst?.error), number(worst?.tolerance), what.join('; '), seconds.toFixed(1)]);
}
