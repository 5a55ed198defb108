import { resolve } from 'node:path';
import { Failure } from '../../shared/failure.ts';
import { DEFAULT_PORT, parsePort, portProblem } from '../../shared/payload.ts';
import { projectRoot } from '../build/bundle.ts';
import { readOptions, WORD } from '../command-line.ts';
import { SEED_TIMING, SHORT_TIMING, type Timing } from './tutorial.ts';

export interface Settings {
  readonly port: number;
  readonly statusPort: number;
  readonly timing: Timing;
  /** The file that stands as the SDR's `/var/log/syslog`; `null` for a log of this machine. */
  readonly file: string | null;
  /** Where the two sandboxes and the bucket are made. */
  readonly directory: string;
}

/** Reads the command line of `npm run simulate`. Throws a `usage` failure for anything that it does not take. */
export function readSettings(words: readonly string[]): Settings {
  const args = readOptions('simulate', words, (parser) =>
    parser.usage('$0 [options]\n\nRuns the tutorial on this machine, with the built agents.').options({
      port: { ...WORD, default: String(DEFAULT_PORT), describe: 'loopback port of payload-serve' },
      'status-port': { ...WORD, default: String(DEFAULT_PORT + 1), describe: 'of payload-fetch' },
      'seed-timing': { type: 'boolean', default: false, describe: "the tutorial's own windows of 60 s, 30 s apart" },
      file: { ...WORD, describe: 'a file of yours to send, in place of a log' },
      directory: { ...WORD, default: 'build/simulation', describe: 'where to run' },
    }),
  );
  const port = readPort(args.port);
  const statusPort = readPort(args.statusPort);
  if (port === statusPort) {
    throw new Failure('usage', `Both agents are given port ${port}: choose another with --port or --status-port.`);
  }
  return {
    port,
    statusPort,
    timing: args.seedTiming ? SEED_TIMING : SHORT_TIMING,
    file: args.file === undefined ? null : resolve(args.file),
    directory: resolve(projectRoot, args.directory),
  };
}

function readPort(text: string): number {
  const port = parsePort(text);
  if (port === null) throw new Failure('usage', portProblem(text));
  return port;
}
