import { createServer } from 'node:http';

/**
 * `GET /status`: the report as it is at this moment, as JSON. Read-only, and open to the satellite's Ethernet like the
 * server's own port. Resolves when it listens, to what closes it; rejects where the port cannot be had.
 */
export function serveStatus(host: string, port: number, snapshot: () => unknown): Promise<() => void> {
  const server = createServer((request, response) => {
    const found = request.url === '/status' && (request.method === 'GET' || request.method === 'HEAD');
    const body = `${JSON.stringify(found ? snapshot() : { error: 'absent', message: 'Only GET /status is here.' })}\n`;
    response.writeHead(found ? 200 : 404, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      // A page on a desk may show it.
      'access-control-allow-origin': '*',
    });
    response.end(body);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      server.unref();
      resolve(() => server.close());
    });
  });
}
