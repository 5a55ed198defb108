import { worstExitCode } from '../../shared/failure.ts';
import { examples, strictParser, WORD } from '../command-line.ts';
import { runDeploy } from './command/deploy.ts';
import { withApi, withMission, withReceipts } from './command/options.ts';
import { runPlan } from './command/plan.ts';
import { runReview } from './command/review.ts';
import { runStatus } from './command/status.ts';
import type { Surroundings } from './command/surroundings.ts';
import { GroundFailure } from './failure.ts';
import { parseSeconds } from './quantity.ts';

const REPEATABLE = ['satellite', 'file'];

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
  const mistake = (text: string): GroundFailure => new GroundFailure('usage', text);
  await strictParser('payload-link', words, mistake, REPEATABLE)
    .exitProcess(false)
    .usage('$0 <command>\n\nFrom the ground: plans, deploys, follows and reviews two windows.')
    .version(version)
    .demandCommand(1, 'Name a command: plan, deploy, status or review.')
    .command(
      'plan [mission]',
      'Print the two windows, and say what cannot work',
      (parser) =>
        withApi(withMission(parser))
          .option('as', {
            choices: ['json', 'curl'] as const,
            default: 'json',
            describe: 'Bodies to post, or a script',
          })
          .epilogue(
            examples(
              '$0 plan --satellite FM1 --file /var/log/syslog,as=sdr_syslog  # the tutorial',
              '$0 plan mission.yaml --as curl > mission.sh  # for whoever has no Node on the ground',
            ),
          ),
      (flags) => runPlan(flags, around),
    )
    .command(
      'deploy [mission]',
      'Upload what is missing, and post both windows at the earliest slot',
      (parser) =>
        withReceipts(withApi(withMission(parser)))
          .option('dry-run', { type: 'boolean', default: false, describe: 'Ask, and say what would be done' })
          .option('again', { type: 'boolean', default: false, describe: 'Deploy once more what was deployed already' })
          .epilogue(
            examples(
              '$0 deploy mission.yaml  # twice changes nothing',
              '$0 deploy mission.yaml --satellite FM1 --satellite FM2  # each on its own',
            ),
          ),
      async (flags) => end(tellFailures(await runDeploy(flags, around), around)),
    )
    .command(
      'status',
      'Say how far uploads and windows are',
      (parser) =>
        withReceipts(withApi(parser))
          .option('satellite', { ...WORD, array: true, describe: 'Only this satellite; repeatable' })
          .option('watch', { type: 'boolean', default: false, describe: 'Go on until nothing is pending' })
          .option('interval', { ...WORD, default: '10s', describe: 'How often to ask' })
          .option('json', { type: 'boolean', default: false, describe: 'One JSON object a line' })
          .epilogue(examples('$0 status --watch  # from PENDING to UPLOADED and SYNCED')),
      (flags) => runStatus({ ...flags, intervalMs: readSeconds('interval', flags.interval) * 1000 }, around),
    )
    .command(
      'review <bucket>',
      'Check what arrived, say what is missing, and propose what is next',
      (parser) =>
        withReceipts(parser)
          .positional('bucket', {
            type: 'string',
            demandOption: true,
            describe: 's3://bucket/prefix, or a directory that stands for it',
          })
          .option('satellite', { ...WORD, array: true, describe: 'Only this satellite; repeatable' })
          .option('mission', { ...WORD, describe: 'What was asked for [the latest receipts]' })
          .option('endpoint', { ...WORD, describe: 'Another S3 than Amazon, such as http://127.0.0.1:9000' })
          .option('since', { ...WORD, describe: 'Only what was stamped in the last, for example, 2d' })
          .option('output', {
            ...WORD,
            default: 'review',
            describe: 'Directory for files, page and next missions',
          })
          .epilogue(
            examples(
              "$0 review s3://customer-s3-bucket/a/directory --satellite FM1  # the tutorial's",
              '$0 review build/simulation/bucket  # what npm run simulate left',
            ),
          ),
      async (flags) => {
        const seconds = flags.since === undefined ? undefined : readSeconds('since', flags.since);
        const since = seconds === undefined ? undefined : around.nowEpochSeconds() - seconds;
        end(await runReview({ ...flags, since }, around));
      },
    )
    .parseAsync();
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
