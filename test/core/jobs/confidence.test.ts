import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { confidenceOf } from '../../../app/core/library/chunk-facts.ts';
import { allChunks, forgetChunk } from '../../../app/core/library/chunk-rows.ts';
import { Room } from './clips.ts';
import { sequenceClip, sequenceSpec } from './sequence-support.ts';

test('what an engine made of two pictures that have nothing in common is trusted least', async () => {
  await using room = await Room.make();
  // A pattern that moves two pixels a frame; from frame 12 on another one, as if the camera had jumped.
  const pattern = (x: string, y: string) =>
    `128+45*sin((${x})/9)*cos((${y})/7)+40*sin((${x}+${y})/23)+30*cos((${y}-${x})/15)`;
  const moving = pattern('X-2*N', 'Y');
  const jumped = pattern('1.7*(Y+N)+40', '150-X');
  const input = room.clip('jump.mov', {
    frames: 24,
    source: `nullsrc=s=160x90:r=25,format=yuv420p,geq=lum='if(lt(N,12),${moving},${jumped})':cb=128:cr=128`,
  });
  const cuts = { auto: false, added: [], removed: [], accepted: [] };
  const clip = sequenceClip(input, 0, 96, 0.25, { engine: 'glide', cuts });
  await room.run(sequenceSpec([clip], room.path('out.mkv'), { codec: 'ffv1' }));
  const chunks = allChunks(room.db).map(({ key }) => confidenceOf(room.db, key)!);
  const all = chunks.toSorted((a, b) => b.length - a.length).flat();
  assert.equal(all.length, 96);
  assert.ok(all.every((one, k) => (k % 4 === 0 || k > 92 ? one === null : one !== null && one >= 0 && one <= 1)));
  const least = Math.min(...all.filter((one) => one !== null));
  const planted = new Set([45, 46, 47]);
  assert.ok(planted.has(all.indexOf(least)), `${all.indexOf(least)}: ${least}`);
  const others = all.filter((one, k): one is number => one !== null && !planted.has(k));
  assert.ok(Math.min(...others) > least + 0.1, `${Math.min(...others)} and ${least}`);
});

test('what is known of a chunk’s frames goes with the chunk', async () => {
  await using room = await Room.make();
  const input = room.clip('a.mov', { frames: 10 });
  await room.run(sequenceSpec([sequenceClip(input, 0, 20, 0.5)], room.path('out.mkv'), { codec: 'ffv1' }));
  const [chunk] = allChunks(room.db);
  assert.equal(confidenceOf(room.db, chunk!.key)?.length, 20);
  forgetChunk(room.db, chunk!.key);
  assert.equal(confidenceOf(room.db, chunk!.key), undefined);
  assert.deepEqual(room.db.all(z.object({ n: z.number() }), 'SELECT COUNT(*) AS n FROM chunk_facts'), [{ n: 0 }]);
});
