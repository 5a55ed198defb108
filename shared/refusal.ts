/**
 * Why payload-serve does not answer a request with what was asked. The set is closed; a refusal's body is one line of
 * JSON, `{"error":code,"message":sentence}`. The codes are part of the protocol: `closing`, for example, tells a client
 * that no retry within this window will help.
 */
interface RefusalKind {
  readonly status: number;
  readonly sentence: string;
}

export const refusalKinds = {
  malformed: { status: 400, sentence: 'The request is not well-formed HTTP/1.1.' },
  'bad-target': { status: 400, sentence: 'The path cannot name a file: it is not well-formed, or holds a NUL.' },
  'bad-query': { status: 400, sentence: 'A parameter of the query has no meaning here.' },
  'no-host': { status: 400, sentence: 'An HTTP/1.1 request needs exactly one valid Host field.' },
  'token-needed': { status: 401, sentence: 'This server asks for a bearer token.' },
  'not-allowed': { status: 403, sentence: 'This server does not answer your address.' },
  outside: { status: 403, sentence: 'The path leads out of the served directory.' },
  unreadable: { status: 403, sentence: 'The server may not read this.' },
  'not-a-file': { status: 403, sentence: 'This is neither a file nor a directory, and is not opened.' },
  endless: {
    status: 403,
    sentence: 'This file of the kernel has more content than is sent of one whose size is not known.',
  },
  absent: { status: 404, sentence: 'There is no such file.' },
  'method-not-allowed': { status: 405, sentence: 'This server only reads: GET and HEAD.' },
  'too-slow': { status: 408, sentence: 'The request did not arrive in time.' },
  changed: { status: 412, sentence: 'The file is not, or no longer, what the precondition says.' },
  'has-body': { status: 413, sentence: 'A request here has no content.' },
  'target-too-long': { status: 414, sentence: 'The path is longer than any file name.' },
  unsatisfiable: { status: 416, sentence: 'The range lies outside the file.' },
  'expectation-failed': { status: 417, sentence: 'The only expectation that is met is 100-continue.' },
  'header-too-large': { status: 431, sentence: 'The header of the request is too large.' },
  unforeseen: { status: 500, sentence: 'The server failed at this request; its log says how.' },
  'unknown-method': { status: 501, sentence: 'This method is not known here.' },
  'unknown-coding': { status: 501, sentence: 'This transfer coding is not known here.' },
  closing: { status: 503, sentence: 'The window ends: nothing new is begun.' },
  busy: { status: 503, sentence: 'The server has all the work it can do at once.' },
  'other-version': { status: 505, sentence: 'Only HTTP/1.0 and HTTP/1.1 are spoken here.' },
} as const satisfies Record<string, RefusalKind>;

export type RefusalCode = keyof typeof refusalKinds;

/** The body of a refusal: one line. */
export function formatRefusal(code: RefusalCode): string {
  return `${JSON.stringify({ error: code, message: refusalKinds[code].sentence })}\n`;
}
