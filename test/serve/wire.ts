import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One response as it stood on the wire. */
export interface WireResponse {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** Lower-case names; several lines of one name are joined by a comma. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether the body has the length that its framing promises. */
  readonly whole: boolean;
}

/** Sends bytes as they are, one character a byte, and takes everything until the server closes. */
export async function sendRaw(port: number, bytes: string, timeoutMs = 10_000): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no end of the answer in ${timeoutMs} ms`)));
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.write(Buffer.from(bytes, 'latin1'));
  try {
    await once(socket, 'close');
  } catch (error) {
    // A reset after the answer is an end too.
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  }
  return Buffer.concat(received);
}

/** Opens a connection and writes to it; for what is not a whole exchange. */
export async function open(port: number, bytes = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (bytes !== '') socket.write(Buffer.from(bytes, 'latin1'));
  return socket;
}

/** Takes apart what a connection carried; `methods` are those of the requests, since a HEAD has no body. */
export function parseResponses(bytes: Buffer, methods: readonly string[]): readonly WireResponse[] {
  const responses: WireResponse[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) throw new Error(`no whole header: ${rest.toString('latin1')}`);
    const [statusLine = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n');
    const [, version = '', status = '', reason = ''] = /^HTTP\/(\d\.\d) (\d{3}) (.*)$/.exec(statusLine) ?? [];
    if (status === '') throw new Error(`no status line: ${statusLine}`);
    const fields: Record<string, string> = {};
    for (const line of lines) {
      const [, name = '', value = ''] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
      if (name === '') throw new Error(`no field: ${line}`);
      const key = name.toLowerCase();
      fields[key] = key in fields ? `${fields[key]}, ${value}` : value;
    }
    const method = methods[responses.filter((response) => response.status >= 200).length] ?? 'GET';
    const { body, whole, after } = bodyOf(rest.subarray(headEnd + 4), Number(status), method, fields);
    responses.push({ version, status: Number(status), reason, fields, body, whole });
    rest = after;
  }
  return responses;
}

function bodyOf(
  bytes: Buffer,
  status: number,
  method: string,
  fields: Readonly<Record<string, string>>,
): { body: Buffer; whole: boolean; after: Buffer } {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) {
    return { body: Buffer.alloc(0), whole: true, after: bytes };
  }
  if (fields['transfer-encoding'] === 'chunked') return chunked(bytes);
  if (fields['content-length'] === undefined) return { body: bytes, whole: true, after: Buffer.alloc(0) };
  const lengthBytes = Number(fields['content-length']);
  const body = bytes.subarray(0, lengthBytes);
  return { body, whole: body.length === lengthBytes, after: bytes.subarray(lengthBytes) };
}

function chunked(bytes: Buffer): { body: Buffer; whole: boolean; after: Buffer } {
  const chunks: Buffer[] = [];
  let rest = bytes;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n');
    const sizeBytes = Number.parseInt(rest.subarray(0, Math.max(lineEnd, 0)).toString('latin1'), 16);
    const end = lineEnd + 2 + sizeBytes;
    if (lineEnd < 0 || Number.isNaN(sizeBytes) || rest.length < end + 2) {
      return { body: Buffer.concat(chunks), whole: false, after: Buffer.alloc(0) };
    }
    chunks.push(rest.subarray(lineEnd + 2, end));
    rest = rest.subarray(end + 2);
    if (sizeBytes === 0) return { body: Buffer.concat(chunks), whole: true, after: rest };
  }
}
