import type { Argv } from 'yargs';
import { WORD } from '../../command-line.ts';

/** Options of the commands that plan windows. Values stay text: the settings judge them by their own rules. */
export function withMission<T>(parser: Argv<T>) {
  return parser
    .positional('mission', { type: 'string', describe: 'Mission file, YAML or JSON; the flags below go over it' })
    .option('satellite', { ...WORD, array: true, describe: 'Satellite, such as FM1; repeatable' })
    .option('file', {
      ...WORD,
      array: true,
      describe: 'On the SDR, repeatable: PATH[,as=NAME][,size=40MB]',
    })
    .option('start', { ...WORD, describe: '+6h (the default), earliest, 2026-12-01T06:00:00Z' })
    .option('duration', { ...WORD, describe: 'How long each window lasts [60s]' })
    .option('offset', { ...WORD, describe: "From the SDR window's start to the SABERTOOTH's [30s]" })
    .option('boot', { ...WORD, describe: 'From the start of a window until its program answers [5s]' })
    .option('port', { ...WORD, describe: 'Port of payload-serve, 10000 or above [10101]' })
    .option('link-rate', { ...WORD, describe: 'What the link moves in a second [10MB]' })
    .option('downlink-budget', { ...WORD, describe: 'What the SABERTOOTH window may downlink, such as 20MB' })
    .option('wrapper', { ...WORD, describe: 'Script on board that runs the agents: /persist/bin/entry.sh' })
    .option('minimum-window', { ...WORD, describe: 'The shortest window that is taken [30s]' })
    .option('recursive', { type: 'boolean', describe: 'A directory means all that is below it' })
    .option('across-windows', { type: 'boolean', describe: 'The files may take several windows' })
    .option('skip-upload', { type: 'boolean', describe: 'Both bundles are on board already' });
}

/** Options of the commands that talk to the Tasking API. */
export function withApi<T>(parser: Argv<T>) {
  return parser
    .option('api', { ...WORD, describe: 'Tasking API [$PAYLOAD_LINK_API or https://api.orb.spire.com]' })
    .option('token-file', { ...WORD, describe: 'File that holds the token [$PAYLOAD_LINK_TOKEN holds it]' });
}

/** Options of the commands that know what was deployed. */
export function withReceipts<T>(parser: Argv<T>) {
  return parser.option('receipts', {
    ...WORD,
    default: 'payload-link-receipts.json',
    describe: 'File that remembers what was deployed',
  });
}

export type MissionFlags = Partial<
  Record<
    | 'mission'
    | 'minimumWindow'
    | 'start'
    | 'duration'
    | 'offset'
    | 'boot'
    | 'port'
    | 'linkRate'
    | 'downlinkBudget'
    | 'wrapper',
    string | undefined
  >
> & {
  readonly satellite?: string[] | undefined;
  readonly file?: string[] | undefined;
  readonly recursive?: boolean | undefined;
  readonly acrossWindows?: boolean | undefined;
  readonly skipUpload?: boolean | undefined;
};

export interface ApiFlags {
  readonly api?: string | undefined;
  readonly tokenFile?: string | undefined;
}
