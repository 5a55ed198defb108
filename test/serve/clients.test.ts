import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { chromiumProgram, openBrowser } from '../support/browser.ts';
import { type Program, program, requires } from '../support/requirement.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { startServer, type TestServer } from './server.ts';

const run = promisify(execFile);

const [curl, wget, wget2, aria2c] = [program('curl'), program('wget'), program('wget2'), program('aria2c', 'aria2')];
const [axel, lftp, rclone, python3] = [program('axel'), program('lftp'), program('rclone'), program('python3')];

const content = randomBytes(8 * 1024 * 1024);
const PART_BYTES = 3_000_000;

interface Fetching {
  readonly server: TestServer;
  /** An empty directory to fetch into. */
  readonly directory: string;
  readonly path: string;
}

async function fetching(): Promise<Fetching> {
  const server = await startServer();
  writeFileSync(join(server.root, 'f'), content);
  const directory = temporaryDirectory();
  return { server, directory, path: join(directory, 'f') };
}

const fetched = ({ path }: Fetching): boolean => readFileSync(path).equals(content);

const whole: readonly (readonly [name: string, client: Program, args: (to: Fetching) => readonly string[]])[] = [
  ['curl', curl, (to) => ['-sSf', `${to.server.origin}/f`, '-o', to.path]],
  ['wget', wget, (to) => ['-q', `${to.server.origin}/f`, '-O', to.path]],
  ['wget2', wget2, (to) => ['-q', `${to.server.origin}/f`, '-O', to.path]],
  ['aria2c -x4', aria2c, (to) => ['-q', '-x4', '-s4', '-k1M', `${to.server.origin}/f`, '-d', to.directory, '-o', 'f']],
  ['axel', axel, (to) => ['-q', '-n', '4', '-o', to.path, `${to.server.origin}/f`]],
  ['lftp', lftp, (to) => ['-c', `get ${to.server.origin}/f -o ${to.path}`]],
  ['lftp in segments', lftp, (to) => ['-c', `pget -n 4 ${to.server.origin}/f -o ${to.path}`]],
  ['rclone', rclone, (to) => ['copyto', '--http-url', to.server.origin, ':http:f', to.path]],
  [
    'python urllib',
    python3,
    (to) => ['-c', `from urllib.request import urlretrieve as get; get('${to.server.origin}/f', '${to.path}')`],
  ],
];

describe('other clients fetch the right bytes', () => {
  for (const [name, client, args] of whole) {
    it(`${name}, whole`, requires(client), async () => {
      const to = await fetching();
      await run(client.path, args(to), { env: { ...process.env, HOME: to.directory } });
      expect(fetched(to)).toBe(true);
    });
  }

  const continued: readonly (readonly [name: string, client: Program, args: (to: Fetching) => readonly string[]])[] = [
    ['curl -C -', curl, (to) => ['-sSf', '-C', '-', `${to.server.origin}/f`, '-o', to.path]],
    ['wget -c', wget, (to) => ['-q', '-c', `${to.server.origin}/f`, '-P', to.directory]],
    ['wget2 -c', wget2, (to) => ['-q', '-c', `${to.server.origin}/f`, '-P', to.directory]],
    ['aria2c -c', aria2c, (to) => ['-q', '-c', `${to.server.origin}/f`, '-d', to.directory, '-o', 'f']],
    ['lftp get -c', lftp, (to) => ['-c', `get -c ${to.server.origin}/f -o ${to.path}`]],
  ];
  for (const [name, client, args] of continued) {
    it(`${name}, the rest`, requires(client), async () => {
      const to = await fetching();
      writeFileSync(to.path, content.subarray(0, PART_BYTES));
      await run(client.path, args(to), { env: { ...process.env, HOME: to.directory } });
      expect(fetched(to)).toBe(true);
      const log = readFileSync(join(to.server.outbox, 'payload-serve-log.ndjson'), 'utf8');
      // aria2c goes back to the beginning of a piece.
      expect(log).toMatch(new RegExp(`bytes [1-9][0-9]+-${content.length - 1}/${content.length}`));
    });
  }

  it('curl --parallel, 100 files', requires(curl), async () => {
    const { server, directory } = await fetching();
    const names = Array.from({ length: 100 }, (_, index) => `file ${index}`);
    for (const [index, name] of names.entries())
      writeFileSync(join(server.root, name), content.subarray(0, index * 1000));
    const urls = names.flatMap((name) => [`${server.origin}/${encodeURIComponent(name)}`, '-o', join(directory, name)]);
    await run(curl.path, ['-sSf', '--parallel', '--parallel-max', '16', ...urls]);
    for (const [index, name] of names.entries()) {
      expect(readFileSync(join(directory, name)).equals(content.subarray(0, index * 1000))).toBe(true);
    }
  });

  it('rclone, a whole tree by its listings', requires(rclone), async () => {
    const { server, directory } = await fetching();
    mkdirSync(join(server.root, 'dir with space/deep'), { recursive: true });
    const paths = ['f', 'dir with space/a&b.txt', 'dir with space/deep/c#d?.log', "dir with space/it's %41"];
    for (const path of paths) writeFileSync(join(server.root, path), content.subarray(0, 5000));
    await run(rclone.path, ['copy', '--http-url', server.origin, ':http:', directory], {
      env: { ...process.env, HOME: directory },
    });
    for (const path of paths) {
      expect(readFileSync(join(directory, path)).equals(content.subarray(0, 5000)), path).toBe(true);
    }
  });
});

describe('the listing in a browser', requires(chromiumProgram), () => {
  it('leads to every file, sorts, and hides names with a dot until asked', { timeout: 60_000 }, async () => {
    const { server } = await fetching();
    mkdirSync(join(server.root, 'dir'));
    for (const [name, sizeBytes] of [
      ['<b>&"x', 20],
      ['large', 3000],
      ['.hidden', 1],
    ] as const) {
      writeFileSync(join(server.root, 'dir', name), content.subarray(0, sizeBytes));
    }
    const browser = await openBrowser();
    const page = await browser.newPage({ colorScheme: 'dark' });
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(server.origin);
    await page.getByRole('link', { name: 'dir/' }).click();
    const names = async (): Promise<readonly string[]> => {
      const links = await page.locator('tbody a').allTextContents();
      return links.filter((name) => name !== '../');
    };
    expect(await names()).toEqual(['<b>&"x', 'large']);
    await page.getByRole('link', { name: 'Size' }).click();
    await page.getByRole('link', { name: 'Size' }).click();
    expect(await names()).toEqual(['large', '<b>&"x']);
    await page.getByRole('link', { name: 'Show names that begin with a dot' }).click();
    expect(await names()).toEqual(['large', '<b>&"x', '.hidden']);

    const href = await page.getByRole('link', { name: '<b>&"x' }).getAttribute('href');
    const response = await fetch(new URL(href ?? '', page.url()));
    expect(Buffer.from(await response.arrayBuffer()).equals(content.subarray(0, 20))).toBe(true);
    // A browser asks for /favicon.ico by itself, which is not there.
    expect(problems.filter((problem) => !problem.includes('404'))).toEqual([]);
  });
});
