import { type Browser, chromium } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { program } from './requirement.ts';
import type { CleanUp } from './temporary.ts';

/** Debian's browser: playwright-core drives it, and downloads none of its own. */
export const chromiumProgram = program('chromium');

/** A headless browser that asks nobody but the page's own server; closed when the test, or the suite, is over. */
export async function openBrowser(cleanUp: CleanUp = onTestFinished): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: chromiumProgram.path,
    args: [
      // The sandbox of Chromium does not start for root, as which containers and CI run.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
  cleanUp(() => browser.close());
  return browser;
}
