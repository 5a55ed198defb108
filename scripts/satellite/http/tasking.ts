import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import type { ZodType } from 'zod';
import {
  availabilityQuery,
  PATHS,
  UPLOAD_FIELD,
  uploadQuery,
  windowDeletion,
  windowRequest,
  windowsQuery,
} from '../../tasking/api.ts';
import { UPLOAD_LIMIT_BYTES } from '../../tasking/rules.ts';
import { type Book, tooLarge } from '../book.ts';
import { Refusal } from '../model.ts';

/** What multipart adds around a file, generously. */
const ENVELOPE_BYTES = 64 * 1024;

/** A window's JSON, however many arguments it has. */
const JSON_LIMIT_BYTES = 1024 * 1024;

/** The Tasking API over HTTP. `heard` is called after every request that was accepted and asks for something to happen. */
export function taskingApi(book: Book, token: string, heard: () => void): Hono {
  const app = new Hono();
  app.use('/tasking/*', async (c, next) => {
    // Errors inside are made into answers by the application that this one is part of.
    requireToken(c.req.header('authorization'), token);
    await next();
  });

  app.get(PATHS.satellites, (c) => c.json({ data: book.satellites }));
  app.get(PATHS.availability, (c) => c.json({ data: { available: book.availability(query(c, availabilityQuery)) } }));
  app.get(PATHS.uploads, (c) => c.json({ data: book.uploadEntries() }));
  app.get(PATHS.windows, (c) => c.json({ data: book.windowEntries(query(c, windowsQuery).satellite_id) }));

  app.post(PATHS.upload, limit(UPLOAD_LIMIT_BYTES + ENVELOPE_BYTES, tooLarge), async (c) => {
    const asked = query(c, uploadQuery);
    const upload = book.addUpload(asked, await uploadedFile(c));
    heard();
    return c.json({ data: { id: upload.id } });
  });

  app.post(PATHS.window, limit(JSON_LIMIT_BYTES, bodyTooLarge), async (c) => {
    const window = book.addWindow(checked(windowRequest, readJson(await c.req.text())));
    heard();
    return c.json({ data: { id: window.id } });
  });

  // The id is taken from the query, or from a JSON body, as clients send it.
  app.delete(PATHS.window, limit(JSON_LIMIT_BYTES, bodyTooLarge), async (c) => {
    const body = await c.req.text();
    const { id } = body === '' ? query(c, windowDeletion) : checked(windowDeletion, readJson(body));
    book.removeWindow(id);
    return c.json({ data: { id } });
  });
  return app;
}

/** Compared by digest, so that neither length nor content shows in the time that it takes. */
function requireToken(header: string | undefined, token: string): void {
  const [, given = ''] = /^Bearer +(.+)$/i.exec(header ?? '') ?? [];
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  if (timingSafeEqual(digest(given), digest(token))) return;
  const message = header === undefined ? 'No token is given' : 'The token is not valid';
  throw new Refusal(401, 'unauthorized', `${message}: send "Authorization: Bearer <token>".`);
}

function limit(maxSize: number, refusal: () => Refusal) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw refusal();
    },
  });
}

function bodyTooLarge(): Refusal {
  return new Refusal(413, 'body_too_large', `A body of more than ${JSON_LIMIT_BYTES} bytes is not a window.`);
}

function query<T>(c: Context, schema: ZodType<T>): T {
  return checked(schema, c.req.query());
}

/** Throws a refusal that names the first member that is wrong. */
export function checked<T>(schema: ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = issue?.path.join('.');
  throw new Refusal(400, 'invalid_request', `${at ? `${at}: ` : ''}${issue?.message ?? 'cannot be read'}.`);
}

/** Reads JSON, strictly; where it does not parse, the refusal says where, by line and column from 1. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // V8 gives the position in some messages only, and differently from version to version.
    const errors: ParseError[] = [];
    parse(text, errors, { disallowComments: true, allowTrailingComma: false });
    const [error] = errors;
    const offset = error?.offset ?? 0;
    const before = text.slice(0, offset).split('\n');
    const where = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1} (position ${offset})`;
    const found = text[offset] === undefined ? 'the end' : JSON.stringify(text[offset]);
    const problem = error === undefined ? 'InvalidSymbol' : printParseErrorCode(error.error);
    throw new Refusal(400, 'malformed_json', `The body is not JSON: ${problem} at ${where}, where ${found} stands.`);
  }
}

async function uploadedFile(c: Context): Promise<Uint8Array> {
  const form = await c.req.formData().catch(() => {
    throw new Refusal(400, 'invalid_request', `The body is not multipart/form-data with the field ${UPLOAD_FIELD}.`);
  });
  const file = form.get(UPLOAD_FIELD);
  if (!(file instanceof File)) {
    throw new Refusal(400, 'invalid_request', `The multipart field ${UPLOAD_FIELD} is missing, or is not a file.`);
  }
  return new Uint8Array(await file.arrayBuffer());
}
