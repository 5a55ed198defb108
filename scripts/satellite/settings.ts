import { resolve } from 'node:path';
import yargs from 'yargs';
import { Failure } from '../../shared/failure.ts';
import { projectRoot } from '../build/bundle.ts';
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
const MOST_SATELLITES = 250;

/** Reads the command line of `npm run satellite`. Throws a `usage` failure for anything that it does not take. */
export function readSettings(words: readonly string[], variables: NodeJS.ProcessEnv): Settings {
  const faults = Object.entries(FAULTS).map(([kind, { amount }]) => `${kind}${amount === null ? '' : `=<${amount}>`}`);
  const args = yargs([...words])
    .scriptName('npm run satellite --')
    .usage('$0 [options]\n\nA satellite on your desk: Tasking API, page and S3 on this machine.')
    .options({
      port: { type: 'string', default: '8080', describe: 'of the Tasking API and the page' },
      's3-port': { type: 'string', default: '9000', describe: 'of the S3 that comes along' },
      endpoint: { type: 'string', describe: 'URL of an S3 of yours, in place of the one that comes along' },
      bucket: { type: 'string', default: 'customer-s3-bucket' },
      prefix: { type: 'string', default: 'a/directory' },
      satellites: { type: 'string', default: '1', describe: 'how many: FM1 to FMn' },
      network: { choices: ['loopback', 'namespaces'] as const, default: 'loopback' as const },
      'time-scale': {
        type: 'string',
        default: '1000',
        describe: 'how much faster time runs while all that is done is waiting',
      },
      settle: { type: 'string', default: '5', describe: 'seconds after a request before time is hurried' },
      grace: { type: 'string', default: '5', describe: 'seconds between SIGTERM and the loss of power' },
      'minimum-window': { type: 'string', default: '30', describe: 'seconds; less than 30 is for trials in a hurry' },
      'contact-every': { type: 'string', default: '10', describe: "seconds, of the satellite's time" },
      'contact-uplink': { type: 'string', default: '125000', describe: 'bytes that a contact brings up' },
      'contact-downlink': { type: 'string', default: '25000000', describe: 'bytes that a contact brings down' },
      fault: {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: `order a fault for the next window, as FM1/SDR/<fault>; faults: ${faults.join(', ')}`,
      },
      directory: {
        type: 'string',
        default: 'build/satellite',
        describe: 'where the sandboxes and the objects are; cleared at the start',
      },
      'ready-file': { type: 'string', describe: 'written once everything answers' },
    })
    .example('$0 --satellites 3 --time-scale 1', 'three satellites, in real time')
    .example('$0 --fault FM1/SABERTOOTH/power-cut=12', 'cut the power 12 s into the next window')
    .epilogue('The token is desk-token, or what PAYLOAD_LINK_TOKEN says.')
    .parserConfiguration({ 'boolean-negation': false, 'greedy-arrays': false })
    .detectLocale(false)
    .version(false)
    .strict()
    .wrap(100)
    .demandCommand(0, 0)
    .fail((message: string | null, error: Error | undefined) => {
      if (error instanceof Failure) throw error;
      throw new Failure('usage', `${(message ?? error?.message ?? 'It cannot be read').replace(/\.?\s*$/, '')}.`);
    })
    .parseSync();

  for (const [option, value] of Object.entries(args)) {
    const repeatable = option === 'fault' || option === '_';
    if (Array.isArray(value) && !repeatable) throw new Failure('usage', `--${option} is given twice.`);
  }
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
