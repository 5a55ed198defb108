import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { payloadLink } from './command-line.ts';

/** `payload-link`: the one place of the ground command that touches the process. */
const { version }: { version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

/** The SDK is pinned to a release that runs on the Node that this package asks for. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** A pipe such as `| head` that has read enough is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await payloadLink(process.argv.slice(2), version, {
  variables: process.env,
  nowEpochSeconds: () => Math.floor(Date.now() / 1000),
  print: (text) => void process.stdout.write(`${text}\n`),
  tell: (sentence) => void process.stderr.write(`${sentence}\n`),
  sleep: delay,
});
