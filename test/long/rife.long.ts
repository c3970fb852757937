/** Every version of RIFE that has it with ensemble, and at every scale, against the network written out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PUBLISHED } from '../../app/core/engines/rife/config.ts';
import { compare } from '../core/engines/rife/compare.ts';
import { kind } from '../core/engines/rife/support.ts';

for (const { versions, config } of PUBLISHED)
  test(versions, async () => {
    for (const scale of [0.25, 0.5, 1, 2]) {
      const apart = await compare(kind(versions), { scale });
      assert.ok(apart < 2e-4, `scale ${scale}: ${apart}`);
    }
    if (config.carried > 0) return;
    const apart = await compare(kind(versions), { ensemble: true });
    assert.ok(apart < 1e-4, `ensemble: ${apart}`);
  });
