import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Bucket } from '../bucket.ts';
import { type FaultBoard, faultOrder } from '../fault.ts';
import { Refusal } from '../model.ts';
import type { PageAssets } from '../page-assets.ts';
import { bookTutorial, tutorialOrder } from '../tutorial.ts';
import { type ViewSources, viewOf } from '../view.ts';
import { checked, readJson } from './tasking.ts';

/** A page is sent a view no more often than this, and, while something moves, no more seldom than the second. */
const QUIET_MS = 200;
const PULSE_MS = 500;

export interface PageOptions {
  readonly assets: PageAssets;
  readonly view: ViewSources;
  readonly bucket: Bucket;
  readonly faults: FaultBoard;
  /** Called after every request that asks for something to happen. */
  readonly heard: () => void;
}

/** The page, what it is fed with, and what it asks for. It needs no token: only a page of this origin may ask. */
export function pageApi({ assets, view, bucket, faults, heard }: PageOptions): Hono {
  const app = new Hono();
  const { book, clock, journal } = view;

  app.use('*', async (c, next) => {
    await next();
    c.header('Content-Security-Policy', "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:");
    c.header('X-Content-Type-Options', 'nosniff');
  });
  for (const [path, { type, content }] of Object.entries(assets)) {
    app.get(path, (c) => c.body(content, 200, { 'Content-Type': type, 'Cache-Control': 'no-cache' }));
  }

  app.get('/desk/view', (c) => c.json(viewOf(view)));

  app.get('/desk/events', (c) =>
    streamSSE(c, async (stream) => {
      let wake: () => void = () => {};
      const ignore = journal.onChange(() => wake());
      stream.onAbort(() => {
        ignore();
        wake();
      });
      while (!stream.aborted && !stream.closed) {
        await stream.writeSSE({ event: 'view', data: JSON.stringify(viewOf(view)) });
        await stream.sleep(QUIET_MS);
        await new Promise<void>((resolve) => {
          const pulse = setTimeout(resolve, PULSE_MS - QUIET_MS);
          wake = () => {
            clearTimeout(pulse);
            resolve();
          };
        });
      }
    }),
  );

  app.get('/desk/object', async (c) => {
    const key = c.req.query('key') ?? '';
    if (!book.objects.some((object) => object.key === key)) {
      throw new Refusal(404, 'object_unknown', `There is no object ${key}.`);
    }
    const name = encodeURIComponent(key.slice(key.lastIndexOf('/') + 1));
    // Never rendered: what a payload made is not a page of this origin.
    const headers = {
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename="${name}"`,
    };
    return c.body(await bucket.read(key), 200, headers);
  });

  // A page of another origin cannot send this content type without asking first, and nothing here says yes.
  app.use('/desk/orders/*', async (c, next) => {
    if (c.req.method !== 'POST' || /^application\/json\b/i.test(c.req.header('content-type') ?? '')) return next();
    throw new Refusal(400, 'invalid_request', 'Orders are sent as application/json.');
  });

  app.post('/desk/orders/tutorial', async (c) => {
    const ids = bookTutorial(book, checked(tutorialOrder, readJson(await c.req.text())), clock.nowSeconds());
    heard();
    return c.json({ data: { ids } });
  });

  app.post('/desk/orders/fault', async (c) => {
    const order = checked(faultOrder, readJson(await c.req.text()));
    if (!book.satellites.some(({ id }) => id === order.satellite_id)) {
      throw new Refusal(404, 'satellite_unknown', `There is no satellite ${order.satellite_id}.`);
    }
    faults.order(order);
    journal.tell(order.satellite_id, 'warn', `${order.payload}: ${order.kind} is ordered for what comes next.`);
    return c.json({ data: order });
  });

  app.post('/desk/orders/no-faults', (c) => {
    faults.clear();
    journal.changed();
    return c.json({ data: [] });
  });
  return app;
}
