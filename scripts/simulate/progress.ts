import { setTimeout as delay } from 'node:timers/promises';
import { formatBytes } from '../../shared/quantity.ts';
import { fetchReport } from '../../shared/report.ts';

const INTERVAL_MS = 500;

/**
 * Follows the progress endpoint of payload-fetch (`GET /status`) until `signal` aborts, and says in a sentence whenever
 * bytes have arrived since the last one. A transfer that is over between two looks is not told of: the report has it.
 */
export async function followProgress(url: string, signal: AbortSignal, say: (text: string) => void): Promise<void> {
  let seenBytes = 0;
  while (!signal.aborted) {
    const status = await readStatus(url, signal);
    const fetchedBytes = status?.totals.fetchedBytes ?? 0;
    if (status !== null && status.state === 'running' && fetchedBytes > seenBytes) {
      const sizeBytes = status.files.reduce((sum, file) => sum + (file.sizeBytes ?? 0), 0);
      say(`${formatBytes(fetchedBytes)} of ${formatBytes(sizeBytes)} have come over the link`);
      seenBytes = fetchedBytes;
    }
    await delay(INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}

/** `null` while nothing answers: the agent has not started, or has ended. */
async function readStatus(url: string, signal: AbortSignal) {
  try {
    const response = await fetch(url, { signal });
    return fetchReport.safeParse(await response.json()).data ?? null;
  } catch {
    return null;
  }
}
