import { resolve } from 'node:path';
import { Failure } from '../../shared/failure.ts';
import { DEFAULT_PORT, parsePort, portProblem } from '../../shared/payload.ts';
import { parseSecondsAsMs } from '../../shared/quantity.ts';
import { readCommandLine } from '../common/command-line.ts';
import { type Environment, onPayload } from '../common/environment.ts';

/** What one run of payload-serve is to do. */
export interface Settings {
  readonly port: number;
  readonly bind: string;
  readonly directory: string;
  /** How long the process may live, from its start; `null` without an end. */
  readonly durationMs: number | null;
  /** As named; `undefined` leaves it to where the outbox is on board. */
  readonly outbox: string | undefined;
  readonly log: string | undefined;
}

/** Reads the command line; throws a `usage` failure that says what is wrong with it. */
export function readSettings(words: readonly string[], environment: Environment): Settings {
  const given = readCommandLine('payload-serve', words, (parser) =>
    parser
      .usage('$0 [port]', 'Serves a directory over HTTP, read-only, for the length of a window.', (command) =>
        command.positional('port', {
          type: 'string',
          default: String(DEFAULT_PORT),
          describe: 'TCP port, 10000 or above',
        }),
      )
      .options({
        bind: { alias: 'b', type: 'string', requiresArg: true, default: '0.0.0.0', describe: 'address to listen on' },
        directory: { alias: 'd', type: 'string', requiresArg: true, default: '.', describe: 'what to serve' },
        duration: { type: 'string', requiresArg: true, describe: 'seconds after which it ends by itself' },
        outbox: { type: 'string', requiresArg: true, describe: 'where report and log go (default /outbox)' },
        log: { type: 'string', requiresArg: true, describe: 'the log file (default in the outbox)' },
      }),
  );
  const portText = String(given.port);
  const port = parsePort(portText);
  if (port === null) throw new Failure('usage', portProblem(portText));
  if (given.bind === '') throw new Failure('usage', '--bind needs an address, such as 0.0.0.0.');
  const log = given.log;
  return Object.freeze({
    port,
    bind: given.bind === '0.0.0.0' ? (environment.address ?? given.bind) : given.bind,
    directory: onPayload(environment, given.directory),
    durationMs: given.duration === undefined ? null : readDuration(given.duration),
    outbox: given.outbox,
    log: log === undefined ? undefined : resolve(onPayload(environment, log)),
  });
}

function readDuration(text: string): number {
  const durationMs = parseSecondsAsMs(text);
  if (durationMs === null) throw new Failure('usage', `--duration ${text}: give seconds above 0, such as 55 or 2.5.`);
  return durationMs;
}
