/** The Chromium that pages are tested in: Debian's, or what CHROMIUM_BIN names. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Its path, or undefined; tests that need one say that they skip. */
export function chromiumPath(): string | undefined {
  return [process.env['CHROMIUM_BIN'], ...PLACES].find((path) => path !== undefined && existsSync(path));
}

/** Why a test that needs a browser skips; false where it does not. */
export function skipWithoutChromium(): string | false {
  return chromiumPath() === undefined ? 'there is no Chromium here (apt install chromium)' : false;
}

export const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

export async function launchChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('there is no Chromium here');
  return await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
}
