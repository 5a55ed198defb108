import yargs from 'yargs';
import { worstExitCode } from '../../shared/failure.ts';
import { runDeploy } from './command/deploy.ts';
import { withApi, withMission, withReceipts } from './command/options.ts';
import { runPlan } from './command/plan.ts';
import { runReview } from './command/review.ts';
import { runStatus } from './command/status.ts';
import type { Surroundings } from './command/surroundings.ts';
import { GroundFailure } from './failure.ts';
import { parseSeconds } from './quantity.ts';

/** `_` holds the words of the command itself. */
const REPEATABLE = ['satellite', 'file', '_'];

/**
 * Runs one command line of `payload-link`; resolves with its exit code. Whatever goes wrong is told in one sentence with
 * what to do next, and does not reject.
 */
export async function payloadLink(words: readonly string[], version: string, around: Surroundings): Promise<number> {
  let exitCode = 0;
  try {
    await commandLine(words, version, around, (code) => {
      exitCode = code;
    });
    return exitCode;
  } catch (error) {
    return tellFailures([error], around);
  }
}

async function commandLine(
  words: readonly string[],
  version: string,
  around: Surroundings,
  end: (exitCode: number) => void,
): Promise<void> {
  await yargs([...words])
    .exitProcess(false)
    .scriptName('payload-link')
    .usage('$0 <command>\n\nPlans, deploys, follows and reviews the two windows that move files off a satellite.')
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .detectLocale(false)
    .version(version)
    .help()
    .alias('help', 'h')
    .strict()
    .check((values) => {
      const twice = Object.entries(values).find(([name, value]) => Array.isArray(value) && !REPEATABLE.includes(name));
      if (twice !== undefined) throw new GroundFailure('usage', `--${twice[0]} is given twice.`);
      return true;
    })
    .demandCommand(1, 'Name a command: plan, deploy, status or review.')
    .wrap(110)
    .command(
      'plan [mission]',
      'Print the two windows, and say what cannot work before a day is spent on it',
      (parser) =>
        withApi(withMission(parser))
          .option('as', {
            choices: ['json', 'curl'] as const,
            default: 'json',
            describe: 'Bodies to post, or a script',
          })
          .example('$0 plan --satellite FM1 --file /var/log/syslog,as=sdr_syslog', 'the tutorial')
          .example('$0 plan mission.yaml --as curl > mission.sh', 'for whoever has no Node on the ground'),
      (flags) => runPlan(flags, around),
    )
    .command(
      'deploy [mission]',
      'Upload what is missing on board and post both windows at the earliest slot',
      (parser) =>
        withReceipts(withApi(withMission(parser)))
          .option('dry-run', { type: 'boolean', default: false, describe: 'Ask, and say what would be done' })
          .option('again', { type: 'boolean', default: false, describe: 'Deploy once more what was deployed already' })
          .example('$0 deploy mission.yaml', 'twice changes nothing')
          .example('$0 deploy mission.yaml --satellite FM1 --satellite FM2', 'each on its own'),
      async (flags) => end(tellFailures(await runDeploy(flags, around), around)),
    )
    .command(
      'status',
      'Say how far uploads and windows are',
      (parser) =>
        withReceipts(withApi(parser))
          .option('satellite', { type: 'string', array: true, describe: 'Only this satellite; repeatable' })
          .option('watch', { type: 'boolean', default: false, describe: 'Go on until nothing is pending' })
          .option('interval', { type: 'string', default: '10s', describe: 'How often to ask' })
          .option('json', { type: 'boolean', default: false, describe: 'One JSON object a line' })
          .example('$0 status --watch', 'from PENDING to UPLOADED and SYNCED'),
      (flags) => runStatus({ ...flags, intervalMs: readSeconds('interval', flags.interval) * 1000 }, around),
    )
    .command(
      'review <bucket>',
      'Check what arrived, say what is missing and why, and propose the next window',
      (parser) =>
        withReceipts(parser)
          .positional('bucket', {
            type: 'string',
            demandOption: true,
            describe: 's3://bucket/prefix, or a directory that stands for it',
          })
          .option('satellite', { type: 'string', array: true, describe: 'Only this satellite; repeatable' })
          .option('mission', { type: 'string', describe: 'What was asked for [the latest receipts]' })
          .option('endpoint', { type: 'string', describe: 'Another S3 than Amazon, such as http://127.0.0.1:9000' })
          .option('since', { type: 'string', describe: 'Only what was stamped in the last, for example, 2d' })
          .option('output', {
            type: 'string',
            default: 'review',
            describe: 'Directory for files, page and next missions',
          })
          .example('$0 review s3://customer-s3-bucket/a/directory --satellite FM1', 'as the tutorial lists it')
          .example('$0 review build/simulation/bucket', 'what npm run simulate left'),
      async (flags) => {
        const seconds = flags.since === undefined ? undefined : readSeconds('since', flags.since);
        const since = seconds === undefined ? undefined : around.nowEpochSeconds() - seconds;
        end(await runReview({ ...flags, since }, around));
      },
    )
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new GroundFailure('usage', sentence(message ?? 'The command line cannot be read'));
    })
    .parseAsync();
}

function sentence(text: string): string {
  const line = text.trim().replace(/\s*\n\s*/g, ' ');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

function readSeconds(flag: string, text: string): number {
  const seconds = parseSeconds(text);
  if (seconds === null || seconds === 0) {
    throw new GroundFailure('usage', `--${flag} "${text}" is not a stretch of time: give for example 10s, 6h, 2d.`);
  }
  return seconds;
}

/** Says each failure with what to do next; returns the worst exit code. */
function tellFailures(failures: readonly unknown[], around: Surroundings): number {
  for (const failure of failures) {
    if (failure instanceof GroundFailure) around.tell(`${failure.message} ${failure.advice}`);
    else around.tell(`Unforeseen: ${failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)}`);
  }
  return worstExitCode(failures.map((failure) => (failure instanceof GroundFailure ? failure.exitCode : 1)));
}
