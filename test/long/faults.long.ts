/**
 * Every fault that can be done to a job from outside, done to the real command, each tried once and counted: it says what is wrong, touches no output, keeps
 * what was made, is not listed as done, and the next run gives the pictures of one that was never disturbed. What needs root, a C compiler or Linux says so.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { FIGURE } from '../guarantees/promise.ts';
import { inbetween } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { CASES, suffer } from '../support/fault-cases.ts';
import { judge, makePlace, saidBy, slowmoArgs, type Tried } from '../support/fault-kit.ts';
import { OTHERS } from '../support/fault-others.ts';

const tried: Tried[] = [];
let hash = '';

test('undisturbed', async () => {
  const place = makePlace();
  try {
    const { result } = saidBy(await inbetween(place.home, slowmoArgs(place)));
    assert.match(result?.pictureHash ?? '', /^[0-9a-f]{64}$/);
    hash = result!.pictureHash!;
  } finally {
    rmSync(place.folder, { recursive: true });
  }
});

for (const one of CASES) {
  test(`${one.fault}: ${one.when}`, async (t) => {
    const place = makePlace();
    let after: (() => void) | undefined;
    try {
      const suffered = await suffer(one, place);
      if (typeof suffered === 'string') {
        tried.push({ fault: one.fault, when: one.when, outcome: `not tried: ${suffered}`, ok: true });
        t.skip(suffered);
        return;
      }
      ({ after } = suffered);
      const verdict = await judge(place, suffered.run, { ...suffered.expected, hash });
      tried.push({ fault: one.fault, when: one.when, ...verdict });
      assert.equal(verdict.wrong, undefined);
    } finally {
      after?.();
      tell();
      rmSync(place.folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

for (const { fault, when, work } of OTHERS) {
  test(`${fault}: ${when}`, async (t) => {
    const place = makePlace();
    try {
      const verdict = await work(place, hash);
      tried.push({ fault, when, ok: verdict.wrong === undefined, ...verdict });
      if (verdict.outcome.startsWith('not tried')) t.skip(verdict.outcome);
      assert.equal(verdict.wrong, undefined);
    } finally {
      tell();
      rmSync(place.folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

test('all of them, as evidence', (t) => {
  const { faults, wrong } = tell();
  t.diagnostic(`${FIGURE}${faults} faults tried, ${wrong.length} of them with something lost or a false success`);
  assert.equal(tried.length, CASES.length + OTHERS.length);
  assert.deepEqual(wrong, []);
});

/** Written after each, so that a run that is stopped tells how far it came. */
function tell(): { faults: number; wrong: Tried[] } {
  const real = tried.filter(({ outcome }) => !outcome.startsWith('not tried'));
  const wrong = real.filter(({ ok }) => !ok);
  const complete = tried.length === CASES.length + OTHERS.length;
  const notTried = tried.length - real.length;
  writeEvidence('faults', { complete, faults: real.length, wrong: wrong.length, notTried, tried });
  return { faults: real.length, wrong };
}
