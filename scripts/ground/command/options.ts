import type { Argv } from 'yargs';

/** Options that several commands share. Values stay text: the settings judge them by their own rules. */

export function withMission<T>(parser: Argv<T>) {
  return parser
    .positional('mission', { type: 'string', describe: 'Mission file, YAML or JSON; the flags below go over it' })
    .option('satellite', { type: 'string', array: true, describe: 'Satellite, such as FM1; repeatable' })
    .option('file', {
      type: 'string',
      array: true,
      describe: 'File, pattern or directory/ of the SDR: PATH[,as=NAME][,size=40MB]; repeatable',
    })
    .option('start', { type: 'string', describe: 'earliest, +6h (the default), 2026-12-01T06:00:00Z or epoch seconds' })
    .option('duration', { type: 'string', describe: 'How long each window lasts [60s]' })
    .option('offset', { type: 'string', describe: 'From the start of the SDR window to that of the SABERTOOTH [30s]' })
    .option('boot', { type: 'string', describe: 'From the start of a window until its program answers [5s]' })
    .option('port', { type: 'string', describe: 'Port of payload-serve, 10000 or above [10101]' })
    .option('link-rate', { type: 'string', describe: 'What the link moves in a second [10MB]' })
    .option('downlink-budget', { type: 'string', describe: 'What the SABERTOOTH window may downlink, such as 20MB' })
    .option('wrapper', { type: 'string', describe: 'Script on board that runs the agents: /persist/bin/entry.sh' })
    .option('minimum-window', { type: 'string', describe: 'The shortest window that is taken [30s]' })
    .option('recursive', { type: 'boolean', describe: 'A directory means all that is below it' })
    .option('across-windows', { type: 'boolean', describe: 'The files may take several windows' })
    .option('skip-upload', { type: 'boolean', describe: 'Both bundles are on board already' });
}

export function withApi<T>(parser: Argv<T>) {
  return parser
    .option('api', { type: 'string', describe: 'Tasking API [$PAYLOAD_LINK_API or https://api.orb.spire.com]' })
    .option('token-file', { type: 'string', describe: 'File that holds the token [$PAYLOAD_LINK_TOKEN holds it]' });
}

export function withReceipts<T>(parser: Argv<T>) {
  return parser.option('receipts', {
    type: 'string',
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
