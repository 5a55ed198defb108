import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DEFAULT_PORT } from '../../shared/payload.ts';
import { projectRoot } from '../build/bundle.ts';
import { earliestSlot } from '../ground/slot.ts';
import { SEED_SDR_ADDRESS, UPLOADED } from '../simulate/tutorial.ts';
import type { PayloadName, WindowRequest } from '../tasking/api.ts';
import type { Book } from './book.ts';
import { Refusal } from './model.ts';
import type { TutorialOrder } from './page/view.ts';

const fileName = z.string().regex(/^[^/\0]+$/, 'must be a name without a slash');

/** The form of the page, as it is sent. */
export const tutorialOrder: z.ZodType<TutorialOrder> = z.strictObject({
  satellite_id: z.string(),
  with: z.enum(['agents', 'tools']),
  source: z.string().regex(/^\/[^\0\s?#]*$/, 'must be an absolute path without spaces'),
  output: fileName,
  duration: z.number().int().min(1).max(3600),
  offset: z.number().int().min(0).max(3600),
});

/** How far ahead a slot is looked for. */
const HORIZON_SECONDS = 86_400;

/** Books the tutorial's two windows at the earliest slot, and the uploads that they need; returns the windows' ids. */
export function bookTutorial(book: Book, order: TutorialOrder, nowSeconds: number): readonly string[] {
  const { satellite_id, duration, offset } = order;
  const ask = { satellite_id, start: nowSeconds, duration: HORIZON_SECONDS };
  const available = {
    sdr: book.availability({ ...ask, window_type: 'PAYLOAD_SDR' }),
    sabertooth: book.availability({ ...ask, window_type: 'PAYLOAD_SABERTOOTH' }),
  };
  const shape = { sdrSeconds: duration, sabertoothSeconds: duration, offsetSeconds: offset };
  const start = earliestSlot(available, shape, nowSeconds);
  if (start === null) {
    throw new Refusal(
      409,
      'no_slot',
      `${satellite_id} has no slot for both windows within a day: wait, or take some back.`,
    );
  }
  const common = { satellite_id, duration };
  const commands = commandsOf(order);
  const sdr: WindowRequest = { ...common, type: 'PAYLOAD_SDR', start, parameters: { user_command: commands.sdr } };
  const sabertooth: WindowRequest = {
    ...common,
    type: 'PAYLOAD_SABERTOOTH',
    start: start + offset,
    parameters: { user_command: commands.sabertooth },
  };
  const first = book.addWindow(sdr);
  try {
    const second = book.addWindow(sabertooth);
    if (order.with === 'agents') {
      uploadOnce(book, satellite_id, 'SDR', 'payload-serve', UPLOADED.serve);
      uploadOnce(book, satellite_id, 'SABERTOOTH', 'payload-fetch', UPLOADED.fetch);
    }
    return [first.id, second.id];
  } catch (error) {
    book.removeWindow(first.id);
    throw error;
  }
}

function commandsOf({ with: kind, source, output }: TutorialOrder) {
  const url = `http://${SEED_SDR_ADDRESS}:${DEFAULT_PORT}${source}`;
  const serve = [String(DEFAULT_PORT), '--bind', '0.0.0.0'];
  const fetch = [url, '-o', `/outbox/${output}`];
  return kind === 'agents'
    ? {
        sdr: { executable: UPLOADED.serve, executable_arguments: serve },
        sabertooth: { executable: UPLOADED.fetch, executable_arguments: fetch },
      }
    : {
        sdr: { executable: 'python3', executable_arguments: ['-m', 'http.server', ...serve] },
        sabertooth: { executable: 'curl', executable_arguments: fetch },
      };
}

function uploadOnce(book: Book, satelliteId: string, payload: PayloadName, bundle: string, destination: string): void {
  const isThere = book.uploads.some(
    ({ query }) =>
      query.satellite_id === satelliteId && query.payload === payload && query.destination_path === destination,
  );
  if (isThere) return;
  const query = { satellite_id: satelliteId, payload, destination_path: destination, executable: 'true' } as const;
  book.addUpload(query, readFileSync(join(projectRoot, 'build', bundle)));
}
