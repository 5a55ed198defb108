import { resolve } from 'node:path';
import yargs from 'yargs';
import { Failure } from '../../shared/failure.ts';
import { DEFAULT_PORT, parsePort, portProblem } from '../../shared/payload.ts';
import { projectRoot } from '../build/bundle.ts';
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
  const args = yargs([...words])
    .scriptName('npm run simulate --')
    .usage('$0 [options]\n\nRuns the tutorial on this machine, with the built agents.')
    .options({
      port: {
        type: 'string',
        requiresArg: true,
        describe: 'loopback port of payload-serve',
        default: String(DEFAULT_PORT),
      },
      'status-port': {
        type: 'string',
        requiresArg: true,
        describe: 'of payload-fetch',
        default: String(DEFAULT_PORT + 1),
      },
      'seed-timing': { type: 'boolean', describe: "the tutorial's own windows of 60 s, 30 s apart", default: false },
      file: { type: 'string', requiresArg: true, describe: 'a file of yours to send, in place of a log' },
      directory: { type: 'string', requiresArg: true, describe: 'where to run', default: 'build/simulation' },
    })
    .parserConfiguration({ 'boolean-negation': false })
    .detectLocale(false)
    .version(false)
    .strict()
    .wrap(100)
    .demandCommand(0, 0)
    .fail((message: string | null, error: Error | undefined) => {
      throw new Failure('usage', `${(message ?? error?.message ?? 'It cannot be read').replace(/\.?\s*$/, '')}.`);
    })
    .parseSync();

  for (const [option, value] of Object.entries(args)) {
    if (Array.isArray(value) && option !== '_') throw new Failure('usage', `--${option} is given twice.`);
  }
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
