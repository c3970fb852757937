/** What a drag costs with 200 clips on the timeline. */
import type { Change } from '../../app/contract/project.ts';
import { traceFrames, type FrameTrace } from './frame-trace.ts';
import type { StudioPage } from './studio-page.ts';

/** Everything that was done is durable. */
async function saved({ page }: StudioPage): Promise<void> {
  await page.waitForFunction(() => document.querySelector('.bar [role=status]')?.textContent === 'Saved');
}

/** Fills a project of its own with 200 times the clip `media` and opens it, all of it in sight. */
export async function openTwoHundred(studio: StudioPage, media: string): Promise<void> {
  const { call, page } = studio;
  const { id, version } = await call('project.create', { name: 'Two hundred' });
  const update = await call('project.place', { id, version, clips: [{ media }], at: 0, how: 'append' });
  const change = update.changes.find((each) => each.kind === 'clip');
  if (change?.kind !== 'clip' || !change.after) throw new Error('the clip was not placed');
  const model = change.after;
  const changes: Change[] = Array.from({ length: 199 }, (_, i) => {
    const after = {
      ...model,
      id: `clip${i}`,
      name: `Clip ${i} with a long name`,
      start: (model.frames + 12) * (i + 1),
    };
    return { kind: 'clip', id: after.id, before: null, after };
  });
  await call('project.edit', { id, version: update.version, edit: { label: 'Fill', changes } });
  await page.evaluate((hash) => void (location.hash = hash), `#/edit/${id}`);
  await page.waitForFunction(() => document.querySelectorAll('[data-track] [data-clip]').length === 200);
  await saved(studio);
  // Plans come by themselves when a project is opened: that is not the drag.
  await page.waitForTimeout(4000);
}

/** Drags the hundredth clip (with all that is selected) to and fro by `reach` pixels. */
export async function dragHundredth(studio: StudioPage, reach: number): Promise<FrameTrace> {
  const { page } = studio;
  const box = (await page.locator('[data-clip=clip100]').boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + 60];
  await page.mouse.move(x, y);
  await page.mouse.down();
  // Until the drag has begun.
  for (let i = 1; i <= 10; i++) await page.mouse.move(x + i, y);
  const trace = await traceFrames(page, async () => {
    for (let i = 1; i <= 120; i++) await page.mouse.move(x + 10 + Math.sin(i / 12) * reach, y);
  });
  await page.mouse.up();
  await saved(studio);
  return trace;
}
