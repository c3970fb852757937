/** Draws resources/icon.svg as the PNG that electron-builder makes every platform's icon from: `node scripts/icons.ts`, after a change of the drawing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FOLDER = join(import.meta.dirname, '..', 'resources');
const SIZES = { 'icon.png': 1024, 'icon-512.png': 512 };

const browser = await chromium.launch({ executablePath: process.env['CHROMIUM_BIN'] ?? '/usr/bin/chromium' });
try {
  const drawing = readFileSync(join(FOLDER, 'icon.svg'), 'utf8');
  for (const [name, size] of Object.entries(SIZES)) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    await page.setContent(`<style>* { margin: 0 } svg { display: block; width: 100vw }</style>${drawing}`);
    writeFileSync(join(FOLDER, name), await page.screenshot({ omitBackground: true }));
    await page.close();
  }
} finally {
  await browser.close();
}
