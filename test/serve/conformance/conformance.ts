import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodes } from '../../support/agent.ts';
import { ofSuite } from '../../support/temporary.ts';
import { startServer } from '../server.ts';
import { parseResponses, sendRaw, type WireResponse } from '../wire.ts';

/** What a response must be. A field that must not be there is `null`; `{etag}` and the like stand for the fixture's. */
export interface Expected {
  /** Several where the RFC leaves a choice that the two Nodes make differently. */
  readonly status: number | readonly number[];
  readonly fields?: Readonly<Record<string, string | RegExp | null>>;
  readonly body?: string | RegExp;
}

/** One rule of an RFC, as bytes to send and the responses to get. */
export interface Case {
  readonly rule: string;
  /** `{etag}`, `{bigEtag}`, `{date}` and `{freshEtag}` stand for the fixture's. */
  readonly send: string;
  readonly expect: Expected | readonly Expected[];
  /** What nginx or Caddy answers instead, and why this server does not. */
  readonly differs?: string;
}

/** When the files were modified, for all that a client is told. */
export const MODIFIED = 'Wed, 21 Oct 2015 07:28:00 GMT';
const MODIFIED_SECONDS = Date.parse(MODIFIED) / 1000;

/** 200 bytes, which are read at once, and 200,000, which are streamed. */
export const SMALL = '0123456789'.repeat(20);
export const BIG = '0123456789'.repeat(20_000);

/** A request of these lines, after which the server closes. */
export function request(line: string, ...fields: readonly string[]): string {
  return [`${line} HTTP/1.1`, 'Host: sdr', 'Connection: close', ...fields, '', ''].join('\r\n');
}

export function get(path: string, ...fields: readonly string[]): string {
  return request(`GET ${path}`, ...fields);
}

/** Bytes of these lines and nothing else. */
export function lines(...all: readonly string[]): string {
  return [...all, '', ''].join('\r\n');
}

/** Runs every case of a section against one server, each over a connection of its own. */
export function conforms(section: string, cases: readonly Case[]): void {
  describe.each(nodes)(`${section}, on %s`, (_, node) => {
    const suite = ofSuite(async (cleanUp) => {
      const server = await startServer({ node, cleanUp });
      const file = (name: string, content: string): void => {
        writeFileSync(join(server.root, name), content);
        utimesSync(join(server.root, name), MODIFIED_SECONDS, MODIFIED_SECONDS);
      };
      mkdirSync(join(server.root, 'dir'));
      for (const name of [
        'f',
        'a b',
        'a%2eb',
        'f.txt',
        'f.html',
        'f.JSON',
        'f.log',
        'f.tar.gz',
        'back\\slash',
        'dir/inner',
      ]) {
        file(name, SMALL);
      }
      file('big', BIG);
      file('empty', '');
      writeFileSync(join(server.root, 'future'), SMALL);
      utimesSync(join(server.root, 'future'), 4_000_000_000, 4_000_000_000);
      const head = async (path: string): Promise<WireResponse> => {
        const [response] = parseResponses(await sendRaw(server.port, request(`HEAD ${path}`)), ['HEAD']);
        if (response === undefined) throw new Error('no response');
        return response;
      };
      // Just written, they may still change unseen within the tick of the file system's clock: then a tag is weak.
      while ((await head('/future')).fields.etag?.startsWith('W/'));
      const [small, big] = [await head('/f'), await head('/big')];
      const known = new Map([
        ['{etag}', small.fields.etag ?? ''],
        ['{bigEtag}', big.fields.etag ?? ''],
        ['{date}', MODIFIED],
      ]);
      return { port: server.port, known };
    });
    const fill = (text: string): string => text.replace(/\{[a-zA-Z]+\}/g, (name) => suite().known.get(name) ?? name);

    it.each(cases)('$rule', async ({ send, expect: wanted, differs }) => {
      const all: readonly Expected[] = 'status' in wanted ? [wanted] : wanted;
      const sent = fill(send);
      const methods = [...sent.matchAll(/^(?:\r\n)*([A-Z]+) \S* ?HTTP/gm)].map(([, method = 'GET']) => method);
      const responses = parseResponses(await sendRaw(suite().port, sent), methods);
      expect(
        responses.map(({ status }) => status),
        differs,
      ).toEqual(all.map(({ status }) => (typeof status === 'number' ? status : expect.toBeOneOf([...status]))));
      for (const [index, { fields = {}, body }] of all.entries()) {
        const response = responses[index];
        expect(response?.whole).toBe(true);
        for (const [name, value] of Object.entries(fields)) {
          const actual = response?.fields[name.toLowerCase()];
          if (value === null) expect(actual, name).toBeUndefined();
          else if (typeof value === 'string') expect(actual, name).toBe(fill(value));
          else expect(actual, name).toMatch(value);
        }
        const text = response?.body.toString('latin1');
        if (typeof body === 'string') expect(text === body || text).toBe(true);
        else if (body !== undefined) expect(text).toMatch(body);
      }
    });
  });
}
