import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { asFailure, Failure } from '../../shared/failure.ts';
import { formatBytes } from '../../shared/quantity.ts';
import { projectRoot } from '../build/bundle.ts';
import { downlinkPrefix, sweepOutbox } from './bucket.ts';
import { checkDelivery } from './delivery.ts';
import { formatListing, listBucket } from './listing.ts';
import { requireFreePort } from './port-check.ts';
import { followProgress } from './progress.ts';
import { inSandbox, openSandbox, type Sandbox, upload } from './sandbox.ts';
import { readSettings, type Settings } from './settings.ts';
import { chooseSyslog, placeSyslog } from './syslog.ts';
import { type ScheduledWindow, SYSLOG, tutorialWindows, UPLOADED } from './tutorial.ts';
import { loopbackEnvironment, type OpenWindow, openWindow, type ProcessExit } from './window.ts';

/** `npm run simulate`: the tutorial on this machine, with the built bundles. See docs/simulate.md. */

const LOOPBACK = '127.0.0.1';
const PREFIX = downlinkPrefix('a/directory', 'FM1');

const openWindows = new Set<OpenWindow>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const window of openWindows) window.cutPower();
    console.error('Stopped: both windows lost their power.');
    process.exitCode = 128 + (signal === 'SIGINT' ? 2 : 15);
    Promise.allSettled([...openWindows].map((window) => window.ended)).then(() => process.exit());
  });
}

try {
  process.exitCode = (await simulate(readSettings(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  const failure = asFailure(error);
  console.error(`${failure.message} ${failure.code === 'unforeseen' ? failure.advice : ''}`.trim());
  process.exitCode = failure.exitCode;
}

/** Returns whether everything arrived as it should. */
async function simulate(settings: Settings): Promise<boolean> {
  await requireFreePort(LOOPBACK, settings.port, '--port');
  await requireFreePort(LOOPBACK, settings.statusPort, '--status-port');
  const { directory, timing } = settings;
  const chosen = chooseSyslog(settings.file);
  clear(directory);

  const sdr = openSandbox(join(directory, 'sdr'));
  const sabertooth = openSandbox(join(directory, 'sabertooth'));
  upload(sdr, join(projectRoot, 'build/payload-serve'), UPLOADED.serve);
  upload(sabertooth, join(projectRoot, 'build/payload-fetch'), UPLOADED.fetch);
  const syslog = inSandbox(sdr, SYSLOG.source);
  const size = formatBytes(placeSyslog(syslog, chosen));
  console.log(`The SDR's ${SYSLOG.source} is ${chosen === null ? 'made up' : `${chosen} of this machine`}, ${size}.`);

  const downlink = join(directory, 'bucket', PREFIX);
  mkdirSync(downlink, { recursive: true });
  const windows = tutorialWindows(settings, timing);
  const overlapS = (timing.durationMs - timing.offsetMs) / 1000;
  console.log(`Two windows of ${timing.durationMs / 1000} s that overlap for ${overlapS} s.\n`);

  const startedAt = performance.now();
  const say = (window: ScheduledWindow, what: string): void => {
    const elapsed = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${elapsed.padStart(5)} s  ${window.type.padEnd(18)}  ${what}`);
  };
  const run = async (window: ScheduledWindow, sandbox: Sandbox): Promise<readonly string[]> => {
    await delay(window.opensAtMs);
    const { executable, arguments: words } = window.command;
    say(window, `opens: ${[executable.replace('/persist/bin/', ''), ...words].join(' ')}`);
    const open = openWindow(sandbox, window.command, {
      ...timing,
      environment: loopbackEnvironment(sandbox, { own: LOOPBACK, sdr: LOOPBACK }),
      onOutput: (text) => say(window, `| ${text.trimEnd()}`),
    });
    openWindows.add(open);
    const running = new AbortController();
    open.exited
      .then((exit) => say(window, `the process ends: ${describe(exit)}`))
      .catch(() => {})
      .finally(() => running.abort());
    if (window === windows.sabertooth) {
      void followProgress(`http://${LOOPBACK}:${settings.statusPort}/status`, running.signal, (text) =>
        say(window, text),
      );
    }
    await open.ended;
    openWindows.delete(open);
    say(window, 'closes: the outbox is downlinked');
    return sweepOutbox(sandbox.outbox, downlink, new Date());
  };
  const keys = (await Promise.all([run(windows.sdr, sdr), run(windows.sabertooth, sabertooth)])).flat();

  const delivery = await checkDelivery(downlink, keys, syslog, SYSLOG.output);
  console.log(`\n$ aws s3 ls --recursive s3://customer-s3-bucket/${PREFIX}\n`);
  for (const object of listBucket(downlink)) console.log(formatListing(object));
  console.log();
  for (const { sha256, key, finding, sound } of delivery.objects) {
    console.log(`${sound ? 'ok   ' : 'WRONG'}  ${sha256}  ${key}: ${finding}`);
  }
  for (const sentence of delivery.missing) console.log(`WRONG  ${sentence}`);
  return delivery.missing.length === 0 && delivery.objects.every((object) => object.sound);
}

/** Removes an earlier simulation, and nothing else: the directory may have been named by mistake. */
function clear(directory: string): void {
  const own = ['sdr', 'sabertooth', 'bucket'];
  mkdirSync(directory, { recursive: true });
  const foreign = readdirSync(directory).find((name) => !own.includes(name));
  if (foreign !== undefined) {
    throw new Failure(
      'disk-refused',
      `${directory} holds ${foreign}, which no simulation made: name an empty directory.`,
    );
  }
  for (const name of own) rmSync(join(directory, name), { recursive: true, force: true });
}

function describe(exit: ProcessExit): string {
  return exit.signal === null ? `exit code ${exit.code}` : `killed by ${exit.signal}`;
}
