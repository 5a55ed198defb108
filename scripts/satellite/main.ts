import { rmSync, writeFileSync } from 'node:fs';
import { asFailure } from '../../shared/failure.ts';
import { openDesk } from './desk.ts';
import { readSettings } from './settings.ts';

/** `npm run satellite`: a simulated operator with its satellites. See docs/satellite.md. */
try {
  const settings = readSettings(process.argv.slice(2), process.env);
  // One of an earlier run would say too soon that this one answers.
  if (settings.readyFile !== null) rmSync(settings.readyFile, { force: true });
  const desk = await openDesk(settings);
  desk.journal.onEntry(({ atMs, satelliteId, severity, message }) => {
    if (severity === 'debug') return;
    console.log(`${new Date(atMs).toISOString().slice(0, 19)}Z  ${satelliteId.padEnd(5)}  ${message}`);
  });
  console.log(`Page and Tasking API  ${desk.url}`);
  console.log(`S3                    ${desk.s3Endpoint}, s3://${settings.bucket}/${settings.prefix}/`);
  console.log(`Satellites            FM1${settings.satelliteCount > 1 ? ` to FM${settings.satelliteCount}` : ''}`);
  if (settings.readyFile !== null) {
    writeFileSync(settings.readyFile, `${JSON.stringify({ url: desk.url, s3Endpoint: desk.s3Endpoint })}\n`);
  }
  let closing = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second signal means now.
      if (closing) process.exit(130);
      closing = true;
      if (settings.readyFile !== null) rmSync(settings.readyFile, { force: true });
      desk.close().then(() => process.exit(0));
    });
  }
} catch (error) {
  const failure = asFailure(error);
  console.error(`${failure.message} ${failure.code === 'unforeseen' ? failure.advice : ''}`.trim());
  // What was put up before goes with the process.
  process.exit(failure.exitCode);
}
