import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDesk } from '../../scripts/satellite/desk.ts';
import { readSettings } from '../../scripts/satellite/settings.ts';
import { freePort } from '../support/agent.ts';
import { mountNamespaces, networkNamespaces, program, requires } from '../support/requirement.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const settingsOf = (...words: string[]) =>
  readSettings(['--port', '0', '--directory', join(temporaryDirectory(), 'desk'), ...words], {});

it('leaves nothing up when a part cannot be had', async () => {
  const port = await freePort();
  const settings = {
    ...settingsOf('--s3-port', String(port)),
    get timeScale(): number {
      throw new Error('no flight today');
    },
  };
  await expect(openDesk(settings)).rejects.toThrow('no flight today');
  const server = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
});

const ip = program('ip', 'iproute2');
const unshare = program('unshare', 'util-linux');

it(
  'takes a fault that its network cannot make for a mistake on the command line',
  requires(networkNamespaces(), mountNamespaces(), ip, unshare),
  async () => {
    const withoutNft = temporaryDirectory();
    for (const { path } of [ip, unshare]) symlinkSync(path, join(withoutNft, path.replace(/^.*\//, '')));
    const { PATH } = process.env;
    onTestFinished(() => {
      process.env.PATH = PATH;
    });
    process.env.PATH = withoutNft;
    const settings = settingsOf('--s3-port', '0', '--network', 'namespaces', '--fault', 'FM1/SDR/link-lossy=1000');
    await expect(openDesk(settings)).rejects.toMatchObject({
      code: 'usage',
      message: 'link-lossy cannot be made on this network: it needs nftables.',
    });
  },
);
