import { PATHS, UPLOAD_FIELD, type WindowRequest } from '../tasking/api.ts';
import type { Mission } from './mission.ts';
import { planWindows, type WindowPair } from './window-plan.ts';

/** The windows as a JSON array, each element the body of one `POST /tasking/window`. */
export function windowsAsJson(pairs: readonly WindowPair[]): string {
  return JSON.stringify(
    pairs.flatMap((pair) => [pair.sdr, pair.sabertooth]),
    null,
    2,
  );
}

/**
 * The windows as a shell script for whoever has no Node on the ground: it uploads both bundles and posts both windows
 * of every satellite. The token comes from `PAYLOAD_LINK_TOKEN` by way of curl's standard input, so that no list of
 * processes shows it. A start that is relative is counted when the script runs, as the tutorial's is.
 */
export function windowsAsCurl(mission: Mission, api: string, startEpochSeconds: number): string {
  const lines = [
    '#!/bin/sh',
    'set -eu',
    `HOST=${shellQuote(api)}`,
    `: "\${PAYLOAD_LINK_TOKEN:?set it to your Tasking API token}"`,
    mission.start.kind === 'in' ? `START=$(($(date -u +%s) + ${mission.start.seconds}))` : `START=${startEpochSeconds}`,
    '',
    'ask() {',
    `  printf 'Authorization: Bearer %s\\n' "$PAYLOAD_LINK_TOKEN" | curl --fail-with-body -sS -H @- "$@" && echo`,
    '}',
  ];
  for (const satellite of mission.satellites) {
    lines.push('', `# ${satellite}: what runs in the windows, unless it is on board already`);
    lines.push(
      ...uploadCommand(satellite, 'SDR', mission.serve),
      ...uploadCommand(satellite, 'SABERTOOTH', mission.fetch),
    );
    const { sdr, sabertooth } = planWindows(mission, satellite, startEpochSeconds);
    lines.push('', `# ${satellite}: the two windows`);
    lines.push(...windowCommand(sdr, startEpochSeconds), ...windowCommand(sabertooth, startEpochSeconds));
  }
  return lines.join('\n');
}

function uploadCommand(satellite: string, payload: string, bundle: { file: string; destination: string }): string[] {
  const query = new URLSearchParams({
    satellite_id: satellite,
    payload,
    destination_path: bundle.destination,
    executable: 'true',
  });
  return [`ask -X POST -F ${shellQuote(`${UPLOAD_FIELD}=@${bundle.file}`)} "$HOST${PATHS.upload}?${query}"`];
}

/** The body is one quoted word, opened only for `$START`. */
function windowCommand(window: WindowRequest, startEpochSeconds: number): string[] {
  const quoted = `'${JSON.stringify(window, null, 2).replaceAll("'", `'\\''`)}'`;
  const offset = window.start - startEpochSeconds;
  const body = quoted.replace(`"start": ${window.start}`, `"start": '"$((START + ${offset}))"'`);
  return [`ask -X POST -H 'Content-Type: application/json' "$HOST${PATHS.window}" -d ${body}`];
}

/** One word of a POSIX shell, whatever is in it. */
function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
