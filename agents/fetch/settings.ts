import { isAbsolute, resolve } from 'node:path';
import { Failure } from '../../shared/failure.ts';
import { ON_BOARD, parsePort, portProblem } from '../../shared/payload.ts';
import { parseSecondsAsMs } from '../../shared/quantity.ts';
import { readCommandLine } from '../common/command-line.ts';
import { type Environment, hostOnLink, onPayload } from '../common/environment.ts';
import { type Address, parseAddress, parseSource, type Source } from './source.ts';

/** What the command line asks for, judged as far as that goes without looking at a disk or a network. */
export interface Settings {
  readonly sources: readonly { readonly source: Source; readonly output: string | null }[];
  /** The servers that may answer for a source that is a path. */
  readonly from: readonly Address[];
  /** As named; `undefined` for the payload's own. */
  readonly outbox: string | undefined;
  /** Absolute; `null` for the customary place. */
  readonly state: string | null;
  /** Absolute; `null` for the outbox. */
  readonly log: string | null;
  readonly durationMs: number | null;
  readonly statusPort: number | null;
}

/** Reads the command line. Throws a `usage` failure for whatever cannot be meant. */
export function readSettings(words: readonly string[], environment: Environment): Settings {
  const repeatable = ['sources', 'o', 'output', 'from'];
  const values = readCommandLine(
    'payload-fetch',
    words,
    (parser) =>
      parser
        .usage(
          '$0 <source...>\n\nBrings files from the other payload to the outbox: only whole, verified ones ever appear there.',
        )
        .command('$0 [sources..]', false)
        .positional('sources', {
          type: 'string',
          array: true,
          describe: 'A URL, or an absolute path on the server of --from',
        })
        .option('output', {
          alias: 'o',
          type: 'string',
          array: true,
          requiresArg: true,
          describe: 'Output of the source at the same place; relative to the outbox, or an absolute path',
        })
        .option('from', {
          type: 'string',
          array: true,
          requiresArg: true,
          describe:
            'host[:port] of a server of paths, may be repeated: the first that answers is used (default: the SDR)',
        })
        .option('outbox', { type: 'string', requiresArg: true, describe: `Default ${ON_BOARD.outbox}` })
        .option('state', {
          type: 'string',
          requiresArg: true,
          describe: `Where bytes are kept until a file is whole (default ${ON_BOARD.persist}/payload-fetch)`,
        })
        .option('duration', { type: 'string', requiresArg: true, describe: 'Ends by itself after so many seconds' })
        .option('log', { type: 'string', requiresArg: true, describe: 'NDJSON log (default: in the outbox)' })
        .option('status-port', {
          type: 'string',
          requiresArg: true,
          describe: 'GET /status there tells how far it is',
        }),
    repeatable,
  );

  const texts = values.sources ?? [];
  const outputs = values.output ?? [];
  if (texts.length === 0)
    throw new Failure('usage', 'No source is named: give a URL, or an absolute path on the server.');
  if (outputs.length > texts.length) throw new Failure('usage', 'There are more -o than sources.');
  const sources = texts.map((text, at) => {
    const source = parseSource(text);
    const address = source.address === null ? null : here(environment, source.address);
    return { source: { ...source, address }, output: outputs[at] ?? null };
  });
  const from = values.from?.map((text) => here(environment, parseAddress(text)));
  const absolute = (path: string | undefined): string | null =>
    path === undefined ? null : isAbsolute(path) ? onPayload(environment, path) : resolve(path);

  return Object.freeze({
    sources,
    from: from ?? environment.sdrAddresses.map(parseAddress),
    outbox: values.outbox,
    state: absolute(values.state),
    log: absolute(values.log),
    durationMs: readDuration(values.duration),
    statusPort: readPort(values['status-port']),
  });
}

function here(environment: Environment, address: Address): Address {
  return { ...address, host: hostOnLink(environment, address.host) };
}

function readDuration(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = parseSecondsAsMs(text);
  if (ms === null) throw new Failure('usage', `--duration "${text}" is not a number of seconds above zero.`);
  return ms;
}

function readPort(text: string | undefined): number | null {
  if (text === undefined) return null;
  const port = parsePort(text);
  if (port === null) throw new Failure('usage', `--status-port: ${portProblem(text)}`);
  return port;
}
