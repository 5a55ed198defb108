import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fetchReport } from '../../shared/report.ts';
import { type Desk, openDesk } from './desk.ts';
import type { DeskView, TutorialOrder } from './page/view.ts';
import { watchProcesses } from './process-watch.ts';
import { readSettings } from './settings.ts';

/** Many satellites at once, each with the tutorial in short windows: what came of it, and what it took. */
export interface FleetResult {
  /** The file arrived as it is on the SDR. */
  readonly delivered: readonly string[];
  /** It did not, and the report of payload-fetch says why: the sentence, by satellite. */
  readonly explained: Readonly<Record<string, string>>;
  /** It did not, and nothing says why. */
  readonly silent: readonly string[];
  readonly elapsedMs: number;
  /** The most memory that the simulated operator, and the processes of all windows together, held. */
  readonly operatorPeakBytes: number;
  readonly windowsPeakBytes: number;
  readonly peakProcesses: number;
}

const TUTORIAL = { with: 'agents', source: '/var/log/syslog', output: 'sdr_syslog' } as const;

const REPORT = 'payload-fetch-report.json';

export interface FleetPlan {
  readonly satellites: number;
  /** How long each window lasts, and how much later SABERTOOTH's opens; in seconds. */
  readonly duration: number;
  readonly offset: number;
  readonly directory: string;
}

/** Runs the fleet below its directory, on ports that are free. */
export async function flyFleet({ satellites, duration, offset, directory }: FleetPlan): Promise<FleetResult> {
  const startedAt = performance.now();
  const words = [
    '--port',
    '0',
    '--s3-port',
    '0',
    '--minimum-window',
    '1',
    '--settle',
    '1',
    '--satellites',
    String(satellites),
  ];
  const desk = await openDesk(readSettings([...words, '--directory', directory], {}));
  const processes = watchProcesses();
  try {
    const names = Array.from({ length: satellites }, (_, n) => `FM${n + 1}`);
    for (const name of names) await order(desk, { satellite_id: name, duration, offset, ...TUTORIAL });
    await untilIdle(desk);

    const arrived = await desk.bucket.list();
    const find = (name: string, file: string): string | undefined =>
      arrived.find((key) => key.includes(`/${name}/downlink/`) && key.endsWith(`Z_${file}`));
    const delivered: string[] = [];
    const explained: Record<string, string> = {};
    const silent: string[] = [];
    for (const name of names) {
      const source = readFileSync(join(directory, name, 'sdr/var/log/syslog'));
      const file = find(name, TUTORIAL.output);
      const report = find(name, REPORT);
      const why = report === undefined ? null : whyNot(String(await contentOf(desk, report)));
      if (file !== undefined && source.equals(await contentOf(desk, file))) delivered.push(name);
      else if (why !== null) explained[name] = why;
      else silent.push(name);
    }
    return { delivered, explained, silent, elapsedMs: performance.now() - startedAt, ...processes.stop() };
  } finally {
    processes.stop();
    await desk.close();
  }
}

async function order(desk: Desk, body: TutorialOrder): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${desk.url}/desk/orders/tutorial`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
}

async function untilIdle(desk: Desk): Promise<void> {
  for (;;) {
    // On a connection of its own: a kept one may be ended by the desk, as idle, in the moment in which it is used again.
    const response = await fetch(`${desk.url}/desk/view`, { headers: { connection: 'close' } });
    const view = (await response.json()) as DeskView;
    const isOver = view.windows.every(({ phase }) => phase === 'closed' || phase === 'missed');
    if (isOver && view.downloads.length === 0) return;
    await delay(500);
  }
}

async function contentOf(desk: Desk, key: string): Promise<Buffer> {
  return Buffer.from(await new Response(await desk.bucket.read(key)).arrayBuffer());
}

/** What the report gives as the reason; `null` where it gives none. */
function whyNot(text: string): string | null {
  const { data } = fetchReport.safeParse(JSON.parse(text));
  const failure = data?.files[0]?.failure ?? data?.failure;
  if (failure) return failure.reason;
  // The last word of a process that was killed says how far it had come.
  return data?.state === 'running' ? `It was stopped with ${data.totals.fetchedBytes} bytes fetched.` : null;
}
