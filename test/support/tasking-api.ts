import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  type Interval,
  PATHS,
  type UploadEntry,
  uploadQuery,
  type WindowEntry,
  type WindowType,
  windowRequest,
} from '../../scripts/tasking/api.ts';

/** What befalls the next request of a kind, once: an answer instead, or silence before or after it is carried out. */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'answer'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'lose-request' }
  | { readonly kind: 'lose-answer' }
  /** It is carried out, and from then on nothing is answered until {@link TaskingApiStub.revive}. */
  | { readonly kind: 'die' };

/** A Tasking API of a test's own: everything in memory, faults to order, every request on record. */
export interface TaskingApiStub {
  readonly url: string;
  readonly requests: string[];
  readonly uploads: UploadEntry[];
  readonly windows: WindowEntry[];
  /** By window type; whatever is not named here is free. */
  readonly available: Partial<Record<WindowType, Interval[]>>;
  /** Window types that are refused. */
  readonly refused: Set<string>;
  /** `POST /tasking/window` and the like, each with what befalls its next requests, in order. */
  readonly faults: Map<string, Fault[]>;
  revive(): void;
}

export const STUB_TOKEN = 'stub-token';

type Memory = Omit<TaskingApiStub, 'url' | 'revive'> & { dead: boolean };

/** Starts one with the satellites FM1 and FM2, on a loopback port; it is gone when the test is over. */
export async function startTaskingApi(): Promise<TaskingApiStub> {
  const memory: Memory = {
    requests: [],
    uploads: [],
    windows: [],
    available: {},
    refused: new Set(),
    faults: new Map(),
    dead: false,
  };

  const server = createServer((request, response) => {
    void answer(memory, request, response).catch((error: Error) => refuse(response, 500, error.message));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const revive = (): void => {
    memory.dead = false;
  };
  return { ...memory, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, revive };
}

async function answer(memory: Memory, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://stub');
  const name = `${request.method} ${url.pathname}`;
  memory.requests.push(name);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);

  if (memory.dead) return void request.socket.destroy();
  const fault = memory.faults.get(name)?.shift();
  if (fault?.kind === 'lose-request') return void request.socket.destroy();
  if (fault?.kind === 'answer') return refuse(response, fault.status, `ordered ${fault.status}`, fault.headers);
  if (request.headers.authorization !== `Bearer ${STUB_TOKEN}`) return refuse(response, 401, 'unknown token');
  const data = carryOut(memory, name, url, body);
  memory.dead = fault?.kind === 'die';
  if (fault?.kind === 'lose-answer' || memory.dead) return void request.socket.destroy();
  if (typeof data === 'string') return refuse(response, data === 'not found' ? 404 : 400, data);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }));
}

function refuse(response: ServerResponse, status: number, message: string, headers = {}): void {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ error: { code: 'stub', message } }));
}

/** The answer's data, or the sentence of a refusal. */
function carryOut(memory: Memory, name: string, url: URL, body: Buffer): object | string {
  const query = Object.fromEntries(url.searchParams);
  const supported = ['PAYLOAD_SDR', 'PAYLOAD_SABERTOOTH'];
  switch (name) {
    case `GET ${PATHS.satellites}`:
      return ['FM1', 'FM2'].map((id) => ({ id, norad_id: '1', supported_windows: supported }));
    case `GET ${PATHS.availability}`: {
      const start = Number(query.start);
      const free = [{ start, end: start + Number(query.duration) }];
      return { available: memory.available[query.window_type as WindowType] ?? free };
    }
    case `GET ${PATHS.uploads}`:
      return memory.uploads;
    case `POST ${PATHS.upload}`: {
      const { satellite_id, payload, destination_path } = uploadQuery.parse(query);
      if (!body.includes('name="file"')) return 'no file';
      const id = `upload-${memory.uploads.length + 1}`;
      memory.uploads.push({ id, satellite_id, payload, destination_path, status: 'PENDING' });
      return { id };
    }
    case `GET ${PATHS.windows}`:
      return memory.windows.filter((window) => window.satellite_id === query.satellite_id);
    case `POST ${PATHS.window}`: {
      const window = windowRequest.parse(JSON.parse(body.toString()));
      if (memory.refused.has(window.type)) return `no ${window.type} today`;
      const id = `window-${memory.requests.length}`;
      memory.windows.push({ ...window, id, state: 'PENDING_SYNC' });
      return { id };
    }
    case `DELETE ${PATHS.window}`: {
      const at = memory.windows.findIndex((window) => window.id === query.id);
      if (at < 0) return 'not found';
      memory.windows.splice(at, 1);
      return {};
    }
    default:
      return 'not found';
  }
}
