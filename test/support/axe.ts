/** axe-core over a page of the studio: what a screen reader or bad eyes would stumble over. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** The tool, to be evaluated in a page once. */
export const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  id: string;
  impact: string | null;
  help: string;
  nodes: { target: unknown[]; html: string; failureSummary?: string }[];
}

/** What a screen reader or bad eyes would stumble over, as lines. */
export async function findings(page: Page, where: string): Promise<string[]> {
  const found = (await page.evaluate(async () => {
    // What is observed for its size has been told of it.
    for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
    // Colours on their way from one theme to the other are in neither.
    const fading = document.getAnimations().filter((one) => one instanceof CSSTransition);
    await Promise.allSettled(fading.map(async (one) => await one.finished));
    const { axe } = globalThis as unknown as { axe: { run(options: unknown): Promise<{ violations: unknown[] }> } };
    return (await axe.run({ resultTypes: ['violations'] })).violations;
  })) as Finding[];
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map((node) => `${where}: ${id} (${help}): ${node.target.join(' ')} ${node.html.slice(0, 160)}`),
    );
}
