import type { WindowPair } from '../ground/window-plan.ts';
import { UPLINK_BYTES_PER_DAY } from '../tasking/rules.ts';

/** A file to be uploaded. */
export interface Upload {
  readonly payload: string;
  readonly file: string;
  readonly destination: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** The one page for whoever pays the day: what to upload where, what it costs, and what to ask of the two windows. */
export function page(uploads: readonly Upload[], windows: WindowPair): string {
  const sumBytes = uploads.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const lines = ['UPLOAD, with executable=true'];
  for (const { payload, file, destination, sizeBytes, sha256 } of uploads)
    lines.push(`  ${payload}: ${file} -> ${destination}`, `    ${sizeBytes} bytes, SHA-256 ${sha256}`);
  lines.push(
    `  Together ${sumBytes} bytes: ${(sumBytes / UPLINK_BYTES_PER_DAY).toFixed(2)} days of average uplink.`,
    '  Node.js 16.20.2 must be at /persist/bin/node of both payloads: see npm run runtime.',
    '',
  );
  for (const { type, duration, parameters } of [windows.sdr, windows.sabertooth])
    lines.push(
      `WINDOW ${type}, ${duration} s`,
      `  "executable": ${JSON.stringify(parameters.user_command.executable)},`,
      `  "executable_arguments": ${JSON.stringify(parameters.user_command.executable_arguments).replaceAll('","', '", "')}`,
      '',
    );
  lines.push(`The SABERTOOTH window starts ${windows.sabertooth.start - windows.sdr.start} s after the SDR's.`);
  return lines.join('\n');
}
