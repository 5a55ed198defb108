import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type ServerType, serve } from '@hono/node-server';
import { Failure } from '../../shared/failure.ts';
import { requireFreePort } from '../simulate/port-check.ts';
import { Book } from './book.ts';
import { Bucket } from './bucket.ts';
import { SatelliteClock } from './clock.ts';
import { FaultBoard, type FaultOrder } from './fault.ts';
import { Flight } from './flight.ts';
import { application } from './http/answer.ts';
import { pageApi } from './http/page.ts';
import { taskingApi } from './http/tasking.ts';
import { Journal } from './journal.ts';
import { Refusal } from './model.ts';
import { LoopbackNetwork } from './network/loopback.ts';
import { NamespaceNetwork } from './network/namespaces.ts';
import type { Network } from './network/network.ts';
import { DESK_CREDENTIALS, openObjectStore } from './object-store.ts';
import { buildPage } from './page-assets.ts';
import type { Settings } from './settings.ts';

const LOOPBACK = '127.0.0.1';

/** Written into the directory, so that nothing else is ever cleared. */
const MARK = '.payload-link-satellite';

/** A simulated operator that answers. */
export interface Desk {
  readonly url: string;
  readonly s3Endpoint: string;
  readonly journal: Journal;
  readonly bucket: Pick<Bucket, 'list' | 'read'>;
  /** Ends every window by loss of power, and takes down all that was put up. */
  close(): Promise<void>;
}

/** Puts everything up. Rejects where a part cannot be had, and then leaves nothing up. */
export async function openDesk(settings: Settings): Promise<Desk> {
  const parts: Part[] = [];
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closed ??= takeDown(parts);
    return closed;
  };
  try {
    return { ...(await putUp(settings, parts)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Takes down what was put up. */
type Part = () => void | Promise<void>;

/** The last first: it stands on those before it. */
async function takeDown(parts: readonly Part[]): Promise<void> {
  for (const part of [...parts].reverse()) await part();
}

/** Puts everything up, and each part into `parts` as soon as it is. */
async function putUp(settings: Settings, parts: Part[]): Promise<Omit<Desk, 'close'>> {
  if (settings.port !== 0) await requireFreePort(LOOPBACK, settings.port, '--port');
  if (settings.s3Port !== 0 && settings.endpoint === null) {
    await requireFreePort(LOOPBACK, settings.s3Port, '--s3-port');
  }
  const network = settings.network === 'loopback' ? await LoopbackNetwork.open() : await NamespaceNetwork.open();
  parts.push(() => network.close());
  const faults = orderedFaults(network, settings.faults);
  const { directory } = settings;
  clear(directory);

  const clock = new SatelliteClock();
  const journal = new Journal(() => clock.nowMs());
  const store =
    settings.endpoint === null ? await openObjectStore(join(directory, 's3'), settings.s3Port, settings.bucket) : null;
  if (store !== null) parts.push(() => store.close());
  const s3Endpoint = store?.endpoint ?? settings.endpoint ?? '';
  const bucket = new Bucket({
    endpoint: s3Endpoint,
    bucket: settings.bucket,
    prefix: settings.prefix,
    ...(store === null ? {} : { credentials: DESK_CREDENTIALS }),
  });
  parts.push(() => bucket.close());
  const uploadDirectory = join(directory, 'uploads');
  mkdirSync(uploadDirectory, { recursive: true });
  const { satelliteCount, contactEveryMs, minimumSeconds } = settings;
  const book = new Book({
    satelliteCount,
    clock,
    journal,
    faults,
    contactEveryMs,
    minimumSeconds,
    directory: uploadDirectory,
  });
  const { timeScale, settleMs, graceMs, uplinkBytes, downlinkBytes } = settings;
  const contacts = { everyMs: contactEveryMs, uplinkBytes, downlinkBytes };
  const flight = new Flight({
    book,
    clock,
    journal,
    faults,
    network,
    bucket,
    contacts,
    timeScale,
    settleMs,
    graceMs,
    directory,
  });

  const app = application();
  const heard = (): void => flight.heard();
  const bucketUrl = `s3://${settings.bucket}/${settings.prefix}/`;
  const view = { book, clock, journal, faults, network, places: flight.places, bucketUrl };
  app.route('/', taskingApi(book, settings.token, heard));
  app.route('/', pageApi({ assets: await buildPage(), view, bucket, faults, heard }));
  const { server, port } = await listen(app.fetch, settings.port);
  parts.push(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  const flown = flight.run();
  parts.push(() => {
    flight.stop();
    return flown;
  });
  return { url: `http://${LOOPBACK}:${port}`, s3Endpoint, journal, bucket };
}

/** The faults that the command line orders. */
function orderedFaults(network: Network, orders: readonly FaultOrder[]): FaultBoard {
  const faults = new FaultBoard(network.cannot);
  try {
    for (const order of orders) faults.order(order);
    return faults;
  } catch (error) {
    throw error instanceof Refusal ? new Failure('usage', error.message, { cause: error }) : error;
  }
}

function listen(
  fetch: Parameters<typeof serve>[0]['fetch'],
  port: number,
): Promise<{ server: ServerType; port: number }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname: LOOPBACK }, (address: AddressInfo) =>
      resolve({ server, port: address.port }),
    );
    server.once('error', reject);
  });
}

/** Starts with a satellite that has seen nothing. Clears only what an earlier run made. */
function clear(directory: string): void {
  const mark = join(directory, MARK);
  if (existsSync(directory) && readdirSync(directory).length > 0 && !existsSync(mark)) {
    throw new Failure(
      'disk-refused',
      `${directory} holds files that no simulated satellite made: name an empty directory.`,
    );
  }
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(mark, 'Made by npm run satellite; cleared at its next start.\n');
}
