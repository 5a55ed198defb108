import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chromiumProgram, openBrowser } from '../support/browser.ts';
import { requires } from '../support/requirement.ts';
import { ofSuite } from '../support/temporary.ts';
import { testDesk } from './desk.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const results = await page.evaluate('axe.run()');
  return (results as AxeResults).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describe('the page', requires(chromiumProgram), () => {
  const browser = ofSuite(openBrowser);
  const newPage = async (options: BrowserContextOptions = {}): Promise<Page> => {
    const page = await browser().newPage(options);
    onTestFinished(() => page.close());
    return page;
  };

  it('schedules the tutorial by keyboard, shows it live, and links what was delivered', {
    timeout: 60_000,
  }, async () => {
    const desk = await testDesk();
    const page = await newPage();
    const asked: string[] = [];
    const problems: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(desk.url);
    await page.getByText('live', { exact: true }).waitFor();

    await page.getByLabel('Seconds each').fill('6');
    await page.getByLabel('Seconds apart').fill('2');
    await page.getByLabel('Seconds apart').press('Enter');
    await page.getByText('Both windows are booked.').waitFor();
    await page.getByText('4 s overlap').waitFor();
    await page.getByRole('listitem').filter({ hasText: /open,/ }).first().waitFor();
    const outbox = page.getByRole('region', { name: 'Outbox of SABERTOOTH' });
    await outbox.getByText('sdr_syslog').waitFor();
    const link = page.getByRole('link', { name: /_sdr_syslog$/ });
    await link.waitFor({ timeout: 30_000 });

    const href = (await link.getAttribute('href')) ?? '';
    const delivered = await (await fetch(desk.url + href)).text();
    expect(delivered).toBe(readFileSync(join(desk.directory, 'FM1/sdr/var/log/syslog'), 'utf8'));
    expect(new Set(asked)).toEqual(new Set([desk.url]));
    expect(problems).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('has nothing that keeps people out, in %s', async (colorScheme) => {
    const desk = await testDesk('--satellites', '2', '--fault', 'FM1/SDR/power-cut=3');
    const page = await newPage({ colorScheme });
    await page.goto(desk.url);
    await page.getByRole('button', { name: 'Schedule the tutorial' }).press('Enter');
    await page.getByText('30 s overlap').waitFor();
    await page.getByText('Have something go wrong').press('Enter');
    expect(await violations(page)).toEqual([]);
  });

  it('says what was refused', async () => {
    const desk = await testDesk();
    const page = await newPage();
    await page.goto(desk.url);
    await page.getByText('Have something go wrong').click();
    await page.getByLabel('In seconds').fill('0');
    await page.getByRole('button', { name: 'Order the fault' }).click();
    await page
      .getByText('power-cut takes a number of seconds')
      .or(page.getByText('boot-delay takes a number'))
      .waitFor();
  });
});

describe('what the page asks for', () => {
  it('is not taken from a page of another origin', async () => {
    const desk = await testDesk();
    const body = JSON.stringify({ satellite_id: 'FM1', payload: 'SDR', kind: 'overlap-lost' });
    const simple = await fetch(`${desk.url}/desk/orders/fault`, { method: 'POST', body });
    expect(simple.status).toBe(400);
    const view = await (await fetch(`${desk.url}/desk/view`)).json();
    expect(view).toMatchObject({ faults: [] });
  });

  it('gives nothing but delivered objects', async () => {
    const desk = await testDesk();
    expect((await fetch(`${desk.url}/desk/object?key=../../etc/passwd`)).status).toBe(404);
  });
});
