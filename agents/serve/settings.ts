import { readFileSync } from 'node:fs';
import { type BlockList, isIP } from 'node:net';
import type { Argv } from 'yargs';
import { diskFailure, Failure } from '../../shared/failure.ts';
import { DEFAULT_PORT, parsePort, portProblem } from '../../shared/payload.ts';
import { parseBytes, parseMomentAsEpochMs, parseSecondsAsMs } from '../../shared/quantity.ts';
import { readCommandLine } from '../common/command-line.ts';
import { type Environment, onPayload } from '../common/environment.ts';
import { type Admission, readAllowed, readToken } from './admission.ts';
import { LINK_POLICIES, type LinkPolicy } from './file-store.ts';
import type { HttpLimits } from './http.ts';
import type { WindowEnd } from './window.ts';

/** What one run of payload-serve is to do. */
export interface Settings {
  readonly port: number;
  readonly bind: string;
  readonly directory: string;
  readonly links: LinkPolicy;
  /** Whether a directory's `index.html` stands for it. */
  readonly index: boolean;
  readonly end: WindowEnd;
  readonly exitWhenDone: boolean;
  /** As named; `undefined` leaves it to where the outbox is on board. */
  readonly outbox: string | undefined;
  readonly log: string | undefined;
  readonly logBudgetBytes: number;
  readonly allowed: Admission['allowed'];
  /** A failure where the token file cannot be read: it is told of where the run is told of. */
  readonly tokenSha256: Admission['tokenSha256'] | Failure;
  readonly limits: HttpLimits;
}

const SMALLEST_LOG_BYTES = 4096;

/** Reads the command line. Throws a `usage` failure that says what is wrong with it. */
export function readSettings(words: readonly string[], environment: Environment): Settings {
  const text = { type: 'string', requiresArg: true } as const;
  const describe = (parser: Argv) =>
    parser
      .usage('$0 [port]', 'Serves a directory over HTTP, read-only, for the length of a window.', (command) =>
        command.positional('port', {
          type: 'string',
          default: String(DEFAULT_PORT),
          describe: 'TCP port, 10000 or above',
        }),
      )
      .options({
        bind: { ...text, alias: 'b', default: '0.0.0.0', describe: 'address to listen on' },
        directory: { ...text, alias: 'd', default: '.', describe: 'what to serve' },
        links: { ...text, default: 'inside', describe: 'symbolic links to follow: all, inside or none' },
        index: { type: 'boolean', default: false, describe: "a directory's index.html stands for it" },
        duration: { ...text, describe: 'end by itself so many seconds after the start' },
        until: { ...text, describe: 'end by itself at this moment: seconds since the epoch, or ISO 8601' },
        'exit-when-done': { type: 'boolean', default: false, describe: 'end when payload-fetch has everything' },
        allow: { ...text, array: true, describe: 'answer only this address or CIDR block; repeatable' },
        'token-file': { ...text, describe: 'answer only who has the bearer token in this file' },
        outbox: { ...text, describe: 'where report and log go (default /outbox)' },
        log: { ...text, describe: 'the log file (default in the outbox)' },
        'log-budget': { ...text, default: '64KiB', describe: 'bytes that the log may have' },
        'max-connections': { ...text, default: '256', describe: 'connections at once' },
        'max-header': { ...text, default: '16KiB', describe: 'bytes of a request header' },
        'header-timeout': { ...text, default: '10', describe: 'seconds that a request header may take' },
        'idle-timeout': { ...text, default: '30', describe: 'seconds between two requests of a connection' },
        'lowest-rate': { ...text, default: '16KiB', describe: 'bytes a second below which a reader is cut' },
      });
  const given = readCommandLine('payload-serve', words, describe, ['allow']);
  const portText = String(given.port);
  const port = parsePort(portText) ?? usage(portProblem(portText));
  const links = LINK_POLICIES.find((policy) => policy === given.links);
  const size = (flag: 'log-budget' | 'max-connections' | 'max-header' | 'lowest-rate', least: number): number => {
    const value = parseBytes(given[flag]);
    return value !== null && value >= least
      ? value
      : usage(`--${flag} ${given[flag]}: give a whole number of at least ${least}.`);
  };
  const seconds = (flag: 'duration' | 'header-timeout' | 'idle-timeout', value: string): number =>
    parseSecondsAsMs(value) ?? usage(`--${flag} ${value}: give seconds above 0, such as 55 or 2.5.`);

  return Object.freeze({
    port,
    bind: readBind(given.bind, environment),
    directory: onPayload(environment, given.directory),
    links: links ?? usage(`--links ${given.links}: say ${LINK_POLICIES.join(', ')}.`),
    index: given.index,
    end: {
      durationMs: given.duration === undefined ? null : seconds('duration', given.duration),
      untilEpochMs: given.until === undefined ? null : readMoment(given.until),
    },
    exitWhenDone: given['exit-when-done'],
    outbox: given.outbox,
    log: given.log === undefined ? undefined : onPayload(environment, given.log),
    logBudgetBytes: size('log-budget', SMALLEST_LOG_BYTES),
    allowed: given.allow === undefined ? null : readAllow(given.allow),
    tokenSha256: given['token-file'] === undefined ? null : readTokenFile(onPayload(environment, given['token-file'])),
    limits: {
      connections: size('max-connections', 1),
      headerBytes: size('max-header', 1024),
      headerTimeoutMs: seconds('header-timeout', given['header-timeout']),
      idleTimeoutMs: seconds('idle-timeout', given['idle-timeout']),
      lowestRateBytesPerSecond: size('lowest-rate', 1),
    },
  });
}

function usage(message: string): never {
  throw new Failure('usage', message);
}

/** The address that stands for this payload's own is also what "every address" means on a desk. */
function readBind(text: string, environment: Environment): string {
  // A name would be asked of a name server, and there is none on board.
  if (isIP(text) === 0 && text !== 'localhost') usage(`--bind ${text}: give an address, such as 0.0.0.0 or 127.0.0.1.`);
  return text === '0.0.0.0' ? (environment.address ?? text) : text;
}

function readMoment(text: string): number {
  const epochMs = parseMomentAsEpochMs(text);
  if (epochMs === null) {
    usage(`--until ${text}: give seconds since the epoch, or a moment such as 2026-01-31T12:00:00Z.`);
  }
  if (epochMs <= Date.now()) usage(`--until ${text} is in the past, by this computer's clock.`);
  return epochMs;
}

function readAllow(entries: readonly string[]): BlockList {
  const allowed = readAllowed(entries);
  if (typeof allowed === 'string') usage(`--allow ${allowed}: give an address or a CIDR block, such as 10.2.1.0/24.`);
  return allowed;
}

function readTokenFile(path: string): Buffer | Failure {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    return diskFailure(`The token file ${path} cannot be read`, error);
  }
  return readToken(content) ?? usage(`The token file ${path} holds no bearer token: letters, digits and -._~+/ only.`);
}
