import { z } from 'zod';

/**
 * The operator's Tasking API as it goes over HTTP: what the ground command sends, what the simulated satellite answers,
 * and the one place that both take the shapes from. Sources: the operator's public API pages and user guide.
 *
 * Times are whole epoch seconds, durations whole seconds. Every request carries `Authorization: Bearer <token>`. A
 * success is `{"data": ...}`, a refusal {@link errorBody} with a 4xx or 5xx status. Requests are strict, because a slip of
 * the pen costs a day; of an answer only what is used is required, because the operator may add members at any time.
 */
export const PATHS = {
  satellites: '/tasking/satellites',
  availability: '/tasking/availability',
  upload: '/tasking/upload',
  uploads: '/tasking/uploads',
  window: '/tasking/window',
  windows: '/tasking/windows',
} as const;

const epochSeconds = z.number().int().positive();
const durationSeconds = z.number().int().positive();
const identifier = z.string().min(1);
const absolutePath = z.string().regex(/^\/[^\0]*$/, 'must be an absolute path');

/** The payloads that take uploads, and the window type that runs each. */
export const payloadName = z.enum(['SDR', 'SABERTOOTH', 'IPI']);
export const windowType = z.enum(['PAYLOAD_SDR', 'PAYLOAD_SABERTOOTH', 'PAYLOAD_IPI']);

const uploadStatus = z.enum(['PENDING', 'UPLOADING', 'UPLOADED']);
const windowState = z.enum(['PENDING_SYNC', 'SYNCED']);

/** What runs in a window: started outside a shell, from `/`. */
const userCommand = z.strictObject({
  executable: z.string().min(1),
  executable_arguments: z.array(z.string()).optional(),
});

/** A file that the satellite copies from another payload into this one's sandbox before the window. */
const copyFrom = z.strictObject({ src_payload: payloadName, src_path: absolutePath, dst_path: absolutePath });

/** Body of `POST /tasking/window`. */
export const windowRequest = z.strictObject({
  type: windowType,
  satellite_id: identifier,
  start: epochSeconds,
  duration: durationSeconds,
  parameters: z.strictObject({
    user_command: userCommand,
    copy_from: z.array(copyFrom).optional(),
    /** Bytes that the window may add to the downlink. */
    downlink_budget: z.number().int().positive().optional(),
  }),
});

/** Query of `POST /tasking/upload`; the file itself is the multipart field {@link UPLOAD_FIELD}. */
export const uploadQuery = z.strictObject({
  satellite_id: identifier,
  payload: payloadName,
  destination_path: absolutePath,
  executable: z.enum(['true', 'false']),
});
export const UPLOAD_FIELD = 'file';

/** Query of `GET /tasking/availability`: where a window may lie between `start` and `start + duration`. */
export const availabilityQuery = z.strictObject({
  satellite_id: identifier,
  window_type: windowType,
  start: z.coerce.number().pipe(epochSeconds),
  duration: z.coerce.number().pipe(durationSeconds),
});

/** Query of `GET /tasking/windows`. */
export const windowsQuery = z.strictObject({ satellite_id: identifier });

/** Query of `DELETE /tasking/window`. */
export const windowDeletion = z.strictObject({ id: identifier });

/** Answer of both POSTs. No assumption is made about the structure of an id. */
export const created = z.object({ data: z.object({ id: identifier }) });

const satellite = z.object({ id: identifier, norad_id: z.string(), supported_windows: z.array(z.string()) });
export const satellitesAnswer = z.object({ data: z.array(satellite) });

/** A whole window, from its start to its end, must lie within one of these. */
const interval = z.object({ start: epochSeconds, end: epochSeconds });
export const availabilityAnswer = z.object({ data: z.object({ available: z.array(interval) }) });

/** One entry of `GET /tasking/uploads`. The status is open on reading: a word that is new must not stop the ground. */
const uploadEntry = z.object({
  id: identifier,
  satellite_id: identifier,
  payload: z.string(),
  destination_path: z.string(),
  status: z.string(),
});
export const uploadsAnswer = z.object({ data: z.array(uploadEntry) });

/** One entry of `GET /tasking/windows`: what was posted, with its id and its state, open on reading as above. */
const windowEntry = z.object({
  id: identifier,
  type: z.string(),
  satellite_id: identifier,
  start: epochSeconds,
  duration: durationSeconds,
  state: z.string(),
  parameters: z.looseObject({}),
});
export const windowsAnswer = z.object({ data: z.array(windowEntry) });

/** Every refusal: a stable word and a sentence that says what was wrong and, for JSON that does not parse, where. */
export const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export type PayloadName = z.infer<typeof payloadName>;
export type WindowType = z.infer<typeof windowType>;
export type UploadStatus = z.infer<typeof uploadStatus>;
export type WindowState = z.infer<typeof windowState>;
export type WindowRequest = z.infer<typeof windowRequest>;
export type UploadQuery = z.infer<typeof uploadQuery>;
export type AvailabilityQuery = z.infer<typeof availabilityQuery>;
export type Satellite = z.infer<typeof satellite>;
export type Interval = z.infer<typeof interval>;
export type UploadEntry = z.infer<typeof uploadEntry>;
export type WindowEntry = z.infer<typeof windowEntry>;
