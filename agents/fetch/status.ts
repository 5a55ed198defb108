import { createServer, type ServerResponse } from 'node:http';

/** The live view of a run. */
export interface Status {
  /** Sends an event to everybody who listens. */
  readonly tell: (event: object) => void;
  readonly close: () => void;
}

/** Nobody's progress needs more listeners. */
const MOST_LISTENERS = 16;

/** Hundreds of small files may be done at one moment, each with an event. */
const MOST_BEHIND_BYTES = 1024 * 1024;

/**
 * `GET /status`: the report as it is at this moment, as JSON. `GET /events`: what happens from now on, as server-sent
 * events (WHATWG HTML, 9.2). Read-only, and open to the satellite's Ethernet like the server's own port. Resolves when it
 * listens; rejects where the port cannot be had.
 */
export function serveStatus(host: string, port: number, snapshot: () => unknown): Promise<Status> {
  const listeners = new Set<ServerResponse>();
  const server = createServer(({ url, method }, response) => {
    // A page on a desk may show it.
    const fields = { 'cache-control': 'no-store', 'access-control-allow-origin': '*' };
    if (url === '/events' && method === 'GET' && listeners.size < MOST_LISTENERS) {
      response.writeHead(200, { ...fields, 'content-type': 'text/event-stream' }).flushHeaders();
      listeners.add(response);
      response.on('close', () => listeners.delete(response));
      return;
    }
    const found = url === '/status' && (method === 'GET' || method === 'HEAD');
    const body = found ? snapshot() : { error: 'absent', message: 'GET /status and GET /events are here.' };
    response.writeHead(found ? 200 : 404, { ...fields, 'content-type': 'application/json' });
    response.end(`${JSON.stringify(body)}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve({
        tell: (event) => {
          for (const listener of listeners) {
            listener.write(`data: ${JSON.stringify(event)}\n\n`);
            // Who does not keep up is let go.
            if (listener.writableLength > MOST_BEHIND_BYTES) listener.destroy();
          }
        },
        close: () => {
          for (const listener of listeners) listener.end();
          server.close();
        },
      });
    });
  });
}
