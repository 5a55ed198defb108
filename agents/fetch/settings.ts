import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asFailure, diskFailure, Failure } from '../../shared/failure.ts';
import { ON_BOARD, parsePort, portProblem } from '../../shared/payload.ts';
import { parseBytes, parseMomentAsEpochMs, parseSecondsAsMs } from '../../shared/quantity.ts';
import { readCommandLine } from '../common/command-line.ts';
import { type Environment, hostOnLink, onPayload } from '../common/environment.ts';
import { parseInput } from './input-file.ts';
import { type Address, parseAddress, parseSource, type Source } from './source.ts';

/** One thing that is asked for. */
export interface Wanted {
  readonly source: Source;
  /** As named; `null` for a name that is derived from the path. */
  readonly output: string | null;
  /** Higher goes first. */
  readonly priority: number;
  readonly sha256: string | null;
}

/** What the command line asks for, judged as far as that goes without looking at a network. */
export interface Settings {
  readonly wanted: readonly Wanted[];
  /** Why the sources of --input are not among them; `null` where they are. */
  readonly inputFailure: Failure | null;
  /** The servers that may answer for a source that is a path. */
  readonly from: readonly Address[];
  /** As named; `undefined` for the payload's own. */
  readonly outbox: string | undefined;
  /** Absolute; `null` for the customary place. */
  readonly state: string | null;
  /** Absolute; `null` for the outbox. */
  readonly log: string | null;
  /** How long the process may live, from its start; `null` without an end. */
  readonly durationMs: number | null;
  /** Between the last byte and that end: time to sync, to report, and for the process to end. */
  readonly marginMs: number;
  readonly budgetBytes: number | null;
  readonly statusPort: number | null;
  readonly recursive: boolean;
  readonly keepTree: boolean;
  readonly once: boolean;
  readonly snapshot: boolean;
  readonly json: boolean;
  readonly fullReport: boolean;
}

/** In a short window a fixed margin would leave no time to fetch anything. */
const LONGEST_MARGIN_MS = 2_000;

/** When the run has to stop fetching, in milliseconds from the start of the process; `null` without an end. */
export function deadlineOf({ durationMs, marginMs }: Settings): number | null {
  return durationMs === null ? null : Math.max(0, durationMs - marginMs);
}

/** Reads the command line. Throws a `usage` failure for whatever cannot be meant. */
export function readSettings(words: readonly string[], environment: Environment): Settings {
  const repeatable = ['sources', 'o', 'output', 'from'];
  const values = readCommandLine(
    'payload-fetch',
    words,
    (parser) =>
      parser
        .usage('$0 <source...>\n\nBrings files to the outbox: only whole, verified ones ever appear there.')
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
          describe: 'Output of the source at the same place: a path, or a name in the outbox',
        })
        .option('from', {
          type: 'string',
          array: true,
          requiresArg: true,
          describe: 'host[:port] that has the paths, may be repeated (default: the SDR)',
        })
        .option('input', {
          type: 'string',
          requiresArg: true,
          describe: 'File of sources, one a line; also from /inbox',
        })
        .option('recursive', { alias: 'r', type: 'boolean', describe: 'A directory means all that is below it' })
        .option('keep-tree', { type: 'boolean', describe: 'Keeps directories in the outbox, instead of one flat name' })
        .option('outbox', {
          type: 'string',
          requiresArg: true,
          describe: `Directory that is downlinked (${ON_BOARD.outbox})`,
        })
        .option('state', {
          type: 'string',
          requiresArg: true,
          describe: `What is not whole yet is kept there (${ON_BOARD.persist}/payload-fetch)`,
        })
        .option('duration', { type: 'string', requiresArg: true, describe: 'Ends by itself after so many seconds' })
        .option('until', {
          type: 'string',
          requiresArg: true,
          describe: 'The same as a moment: seconds since the epoch, or 2021-09-06T04:32:29Z',
        })
        .option('margin', { type: 'string', requiresArg: true, describe: 'Stops so many seconds before that (2)' })
        .option('budget', { type: 'string', requiresArg: true, describe: 'Keeps the outbox below a size: 100MB' })
        .option('once', { type: 'boolean', describe: 'What an earlier window delivered is not fetched again' })
        .option('snapshot', { type: 'boolean', describe: 'Of a file that never rests, delivers the last whole body' })
        .option('json', { type: 'boolean', describe: 'Events on stdout, one JSON object a line' })
        .option('full-report', { type: 'boolean', describe: 'Every file in payload-fetch-full-report.json.gz' })
        .option('log', { type: 'string', requiresArg: true, describe: 'NDJSON log (default: in the outbox)' })
        .option('status-port', {
          type: 'string',
          requiresArg: true,
          describe: 'GET /status there tells how far it is, GET /events keeps telling',
        }),
    repeatable,
  );

  const wanted = namedSources([values.sources ?? []].flat(), values.output ?? [], environment);
  let inputFailure: Failure | null = null;
  try {
    if (values.input !== undefined) wanted.push(...inputSources(values.input, environment));
  } catch (thrown) {
    // The ground should see it, and so it is not a matter of the command line.
    inputFailure = asFailure(thrown);
    if (inputFailure.code === 'usage') throw inputFailure;
  }
  if (wanted.length === 0 && inputFailure === null) {
    throw new Failure('usage', 'No source is named: give a URL, or an absolute path on the server.');
  }
  const from = values.from?.map((text) => here(environment, parseAddress(text)));
  const absolute = (path: string | undefined): string | null =>
    path === undefined ? null : onPayload(environment, path);
  const durationMs = shortest(readSeconds('--duration', values.duration), readUntil(values.until));
  const marginMs = readSeconds('--margin', values.margin);
  if (values.duration !== undefined && marginMs !== null && durationMs !== null && marginMs >= durationMs) {
    throw new Failure('usage', `--margin ${values.margin} leaves nothing of --duration ${values.duration}.`);
  }

  return Object.freeze({
    wanted,
    inputFailure,
    from: from ?? environment.sdrAddresses.map(parseAddress),
    outbox: values.outbox,
    state: absolute(values.state),
    log: absolute(values.log),
    durationMs,
    marginMs: marginMs ?? Math.min(LONGEST_MARGIN_MS, (durationMs ?? 0) / 10),
    budgetBytes: readBudget(values.budget),
    statusPort: readPort(values['status-port']),
    recursive: values.recursive ?? false,
    keepTree: values['keep-tree'] ?? false,
    once: values.once ?? false,
    snapshot: values.snapshot ?? false,
    json: values.json ?? false,
    fullReport: values['full-report'] ?? false,
  });
}

function namedSources(texts: readonly string[], outputs: readonly string[], environment: Environment): Wanted[] {
  if (outputs.length > texts.length) throw new Failure('usage', 'There are more -o than sources.');
  return texts.map((text, at) => ({
    source: sourceHere(environment, parseSource(text)),
    output: outputs[at] ?? null,
    priority: 0,
    sha256: null,
  }));
}

/** On board a file of sources is uplinked to the inbox, and its name alone is enough. */
function inputSources(path: string, environment: Environment): Wanted[] {
  const places = [onPayload(environment, path), onPayload(environment, join('/inbox', path))];
  const place = places.find((candidate) => existsSync(candidate)) ?? places[0] ?? path;
  let text: string;
  try {
    text = readFileSync(place, 'utf8');
  } catch (error) {
    throw diskFailure(`The input file ${place} cannot be read`, error);
  }
  return parseInput(text, path).map(({ source, output, priority, sha256 }) => ({
    source: sourceHere(environment, source),
    output,
    priority,
    sha256,
  }));
}

function sourceHere(environment: Environment, source: Source): Source {
  return source.address === null ? source : { ...source, address: here(environment, source.address) };
}

function here(environment: Environment, address: Address): Address {
  return { ...address, host: hostOnLink(environment, address.host) };
}

function readSeconds(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = parseSecondsAsMs(text);
  if (ms === null) throw new Failure('usage', `${option} "${text}" is not a number of seconds above zero.`);
  return ms;
}

/** How long it is until a time, by the payload's clock, which has to be right for this. */
function readUntil(text: string | undefined): number | null {
  if (text === undefined) return null;
  const atMs = parseMomentAsEpochMs(text);
  if (atMs === null) {
    throw new Failure(
      'usage',
      `--until "${text}" is neither seconds since the epoch nor such as 2021-09-06T04:32:29Z.`,
    );
  }
  const leftMs = atMs - Date.now();
  if (leftMs <= 0) throw new Failure('usage', `--until "${text}" is past, by the clock of this payload.`);
  return leftMs;
}

function shortest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function readBudget(text: string | undefined): number | null {
  if (text === undefined) return null;
  const bytes = parseBytes(text);
  if (bytes === null || bytes === 0) throw new Failure('usage', `--budget "${text}" is not a size such as 100MB.`);
  return bytes;
}

function readPort(text: string | undefined): number | null {
  if (text === undefined) return null;
  const port = parsePort(text);
  if (port === null) throw new Failure('usage', `--status-port: ${portProblem(text)}`);
  return port;
}
