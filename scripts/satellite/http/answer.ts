import { Hono } from 'hono';
import { Refusal } from '../model.ts';

/** Loopback by any of its names, with or without a port: whoever comes under another was led here by a foreign page. */
const LOOPBACK_HOST = /^(127(\.[0-9]{1,3}){3}|localhost|\[::1\])(:[0-9]+)?$/i;

/** An application whose refusals are answers of one shape, `{"error":{"code":...,"message":...}}`, and that only this machine talks to. */
export function application(): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    if (!LOOPBACK_HOST.test(c.req.header('host') ?? '')) {
      return c.json(problem('foreign_host', 'This satellite answers on the loopback address only.'), 421);
    }
    return next();
  });
  app.notFound((c) => c.json(problem('not_found', `There is nothing at ${c.req.path}.`), 404));
  app.onError((error, c) => {
    if (error instanceof Refusal) return c.json(problem(error.code, error.message), error.status);
    console.error(error);
    return c.json(problem('internal', 'The simulated satellite has a fault; see its terminal.'), 500);
  });
  return app;
}

function problem(code: string, message: string) {
  return { error: { code, message } };
}
