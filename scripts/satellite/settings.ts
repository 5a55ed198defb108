import { resolve } from 'node:path';
import { Failure } from '../../shared/failure.ts';
import { projectRoot } from '../build/bundle.ts';
import { examples, readOptions, WORD } from '../command-line.ts';
import { FAULTS, type FaultOrder, parseFault } from './fault.ts';

export interface Settings {
  /** Of the Tasking API and the page, on 127.0.0.1; 0 takes any. */
  readonly port: number;
  /** Of the embedded S3, on 127.0.0.1; 0 takes any. */
  readonly s3Port: number;
  /** A real S3 in place of the embedded one; `null` for the embedded one. */
  readonly endpoint: string | null;
  readonly bucket: string;
  readonly prefix: string;
  readonly satelliteCount: number;
  readonly network: 'loopback' | 'namespaces';
  readonly timeScale: number;
  readonly settleMs: number;
  readonly graceMs: number;
  /** The shortest window that is taken, where the operator's own 30 s are too long to wait for. */
  readonly minimumSeconds: number;
  readonly contactEveryMs: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  readonly faults: readonly FaultOrder[];
  readonly directory: string;
  readonly readyFile: string | null;
  readonly token: string;
}

/** Each satellite has a third number of an address of its own. */
export const MOST_SATELLITES = 250;

/** Reads the command line of `npm run satellite`. Throws a `usage` failure for anything that it does not take. */
export function readSettings(words: readonly string[], variables: NodeJS.ProcessEnv): Settings {
  const faults = Object.entries(FAULTS).map(([kind, { amount }]) => (amount === null ? kind : `${kind}=<${amount}>`));
  const args = readOptions(
    'satellite',
    words,
    (parser) =>
      parser
        .usage('$0 [options]\n\nA satellite on your desk: Tasking API, page and S3 on this machine.')
        .options({
          port: { ...WORD, default: '8080', describe: 'of the Tasking API and the page' },
          's3-port': { ...WORD, default: '9000', describe: 'of the S3 that comes along' },
          endpoint: { ...WORD, describe: 'URL of an S3 of yours, in place of that one' },
          bucket: { ...WORD, default: 'customer-s3-bucket' },
          prefix: { ...WORD, default: 'a/directory' },
          satellites: { ...WORD, default: '1', describe: 'how many: FM1 to FMn' },
          network: { choices: ['loopback', 'namespaces'] as const, default: 'loopback' as const },
          'time-scale': { ...WORD, default: '1000', describe: 'how much faster time runs while waiting' },
          settle: { ...WORD, default: '5', describe: 'seconds after a request before time is hurried' },
          grace: { ...WORD, default: '5', describe: 'seconds between SIGTERM and the loss of power' },
          'minimum-window': { ...WORD, default: '30', describe: 'seconds; less is for trials in a hurry' },
          'contact-every': { ...WORD, default: '10', describe: "seconds, of the satellite's time" },
          'contact-uplink': { ...WORD, default: '125000', describe: 'bytes that a contact brings up' },
          'contact-downlink': { ...WORD, default: '25000000', describe: 'bytes that a contact brings down' },
          fault: {
            ...WORD,
            array: true,
            default: [] as string[],
            describe: 'for the next window, as FM1/SDR/<fault>; repeatable',
          },
          directory: { ...WORD, default: 'build/satellite', describe: 'of everything; cleared at the start' },
          'ready-file': { ...WORD, describe: 'written once everything answers' },
        })
        .epilogue(`Faults:\n${faults.map((fault) => `  ${fault}`).join('\n')}\n`)
        .epilogue('The token is desk-token, or what PAYLOAD_LINK_TOKEN says.\n')
        .epilogue(
          examples(
            '$0 --satellites 3 --time-scale 1  # three satellites, in real time',
            '$0 --fault FM1/SABERTOOTH/power-cut=12  # cut the power after 12 s',
          ),
        ),
    ['fault'],
  );
  const endpoint = args.endpoint ?? null;
  if (endpoint !== null && !URL.canParse(endpoint)) throw new Failure('usage', `--endpoint ${endpoint} is not a URL.`);
  return Object.freeze({
    port: number('--port', args.port, 0, 65535),
    s3Port: number('--s3-port', args.s3Port, 0, 65535),
    endpoint,
    bucket: args.bucket,
    prefix: args.prefix.replace(/^\/+|\/+$/g, ''),
    satelliteCount: number('--satellites', args.satellites, 1, MOST_SATELLITES),
    network: args.network,
    timeScale: number('--time-scale', args.timeScale, 1, 1_000_000),
    settleMs: number('--settle', args.settle, 0, 3600) * 1000,
    graceMs: number('--grace', args.grace, 0, 600) * 1000,
    minimumSeconds: number('--minimum-window', args.minimumWindow, 1, 3600),
    contactEveryMs: number('--contact-every', args.contactEvery, 1, 86_400) * 1000,
    uplinkBytes: number('--contact-uplink', args.contactUplink, 1, Number.MAX_SAFE_INTEGER),
    downlinkBytes: number('--contact-downlink', args.contactDownlink, 1, Number.MAX_SAFE_INTEGER),
    faults: args.fault.map(readFault),
    directory: resolve(projectRoot, args.directory),
    readyFile: args.readyFile === undefined ? null : resolve(args.readyFile),
    token: variables.PAYLOAD_LINK_TOKEN || 'desk-token',
  });
}

function number(option: string, text: string, lowest: number, highest: number): number {
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= lowest && value <= highest) return value;
  throw new Failure('usage', `${option} takes a number from ${lowest} to ${highest}, not "${text}".`);
}

function readFault(text: string): FaultOrder {
  const fault = parseFault(text);
  if (fault !== null) return fault;
  throw new Failure(
    'usage',
    `--fault takes <satellite>/<payload>/<fault>[=<amount>], not "${text}"; --help lists the faults.`,
  );
}
