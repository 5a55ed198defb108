import { statSync } from 'node:fs';
import { listOutbox } from '../simulate/bucket.ts';
import type { Book } from './book.ts';
import type { SatelliteClock } from './clock.ts';
import { FAULTS, type FaultBoard } from './fault.ts';
import type { Journal } from './journal.ts';
import type { Network, Place } from './network/network.ts';
import type { DeskView, PayloadView } from './page/view.ts';

/** How much of what is long the page is sent. */
const SHOWN = 150;

export interface ViewSources {
  readonly book: Book;
  readonly clock: SatelliteClock;
  readonly journal: Journal;
  readonly faults: FaultBoard;
  readonly network: Network;
  readonly places: readonly Place[];
  /** Where the objects are, as awscli names it. */
  readonly bucketUrl: string;
}

/** What the page shows at this moment. */
export function viewOf({ book, clock, journal, faults, network, places, bucketUrl }: ViewSources): DeskView {
  const isOn = (place: Place): boolean =>
    book.windows.some(
      ({ phase, payload, request }) =>
        phase === 'open' && payload === place.payload && request.satellite_id === place.satelliteId,
    );
  return {
    nowMs: clock.nowMs(),
    rate: clock.rate,
    satellites: book.satellites.map(({ id }) => ({
      id,
      payloads: places
        .filter(({ satelliteId }) => satelliteId === id)
        .map((place): PayloadView => {
          const on = isOn(place);
          const outbox = on ? outboxOf(place) : [];
          return { name: place.payload, isOn: on, sentBytes: network.sentBytes(place), outbox };
        }),
    })),
    windows: book.windows.map(({ id, request, payload, startMs, endMs, closedMs, state, phase, outcome }) => {
      const { executable, executable_arguments: words = [] } = request.parameters.user_command;
      const command = [executable, ...words].join(' ');
      const satelliteId = request.satellite_id;
      return { id, satelliteId, payload, command, startMs, endMs: closedMs ?? endMs, state, phase, outcome };
    }),
    uploads: book.uploads.map(({ id, query, sizeBytes, sentBytes, status }) => ({
      id,
      satelliteId: query.satellite_id,
      payload: query.payload,
      destination: query.destination_path,
      sizeBytes,
      sentBytes,
      status,
    })),
    downloads: book.downloads.map(({ satelliteId, name, sizeBytes, sentBytes }) => ({
      satelliteId,
      name,
      sizeBytes,
      sentBytes,
    })),
    objects: latest(book.objects).map(({ satelliteId, key, sizeBytes }) => ({ satelliteId, key, sizeBytes })),
    events: latest(journal.entries),
    faults: faults.orders.map(({ satellite_id, payload, kind, amount }) => ({
      satelliteId: satellite_id,
      payload,
      kind,
      amount: amount ?? null,
    })),
    faultKinds: Object.entries(FAULTS).map(([kind, { amount, does }]) => ({ kind, amount, does })),
    downlink: bucketUrl,
  };
}

function latest<T>(items: readonly T[]): readonly T[] {
  return items.slice(-SHOWN).reverse();
}

function outboxOf(place: Place): PayloadView['outbox'] {
  try {
    return listOutbox(place.sandbox.outbox).map(({ name, path }) => ({ name, sizeBytes: statSync(path).size }));
  } catch {
    // The window is writing: a file that was listed is gone, as with every rename.
    return [];
  }
}
