import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { projectRoot } from '../build/bundle.ts';
import { readOptions, readOrExit } from '../command-line.ts';
import { openDesk } from '../satellite/desk.ts';
import { readSettings } from '../satellite/settings.ts';

/**
 * `npm run screenshots`: flies the tutorial on a simulated satellite, and takes the pictures of `docs/images` on the way:
 * the page in mid-transfer, the page in dark when all is delivered, and the review's report. Needs Debian's chromium.
 */
readOrExit((words) =>
  readOptions('screenshots', words, (parser) =>
    parser.usage('$0\n\nTakes the pictures of docs/images anew, in place of those that are there.'),
  ),
);
const images = join(projectRoot, 'docs/images');
mkdirSync(images, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'payload-link-screenshots-'));

// Slow enough that there is something to see.
const faults = ['--fault', 'FM1/SDR/link-slow=30000'];
const words = ['--port', '0', '--s3-port', '0', '--settle', '0.5', '--satellites', '3'];
const desk = await openDesk(readSettings([...words, ...faults, '--directory', join(work, 'desk')], process.env));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
});
try {
  const light = await openPage(browser, 'light');
  const dark = await openPage(browser, 'dark');
  await light.getByLabel('Seconds each').fill('30');
  await light.getByLabel('Seconds apart').fill('8');
  await light.getByRole('button', { name: 'Schedule the tutorial' }).click();

  await light.getByRole('row', { name: /SDR.*KiB\/s.*[2-9]\d\d KiB/ }).waitFor({ timeout: 120_000 });
  await take(light, 'satellite.png');
  await dark.getByRole('link', { name: /_sdr_syslog$/ }).waitFor({ timeout: 120_000 });
  await take(dark, 'satellite-dark.png');

  const review = join(work, 'review');
  const command = [
    join(projectRoot, 'scripts/ground/payload-link.mjs'),
    'review',
    's3://customer-s3-bucket/a/directory',
  ];
  const options = ['--satellite', 'FM1', '--endpoint', desk.s3Endpoint, '--output', review];
  // Not synchronous: the bucket is in this process.
  await promisify(execFile)(process.execPath, [...command, ...options], {
    cwd: work,
    env: { ...process.env, AWS_ACCESS_KEY_ID: 'desk', AWS_SECRET_ACCESS_KEY: 'desk', AWS_REGION: 'us-east-1' },
  });
  await light.goto(pathToFileURL(join(review, 'review.html')).href);
  await take(light, 'review.png');
} finally {
  await browser.close();
  await desk.close();
  rmSync(work, { recursive: true, force: true });
}

async function openPage(on: Browser, colorScheme: 'light' | 'dark'): Promise<Page> {
  const page = await on.newPage({ viewport: { width: 1060, height: 760 }, colorScheme });
  await page.goto(desk.url);
  await page.getByText('live', { exact: true }).waitFor();
  return page;
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(images, name) });
  console.log(`docs/images/${name}`);
}
