import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Desk, openDesk } from '../../scripts/satellite/desk.ts';
import type { JournalEntry } from '../../scripts/satellite/journal.ts';
import { readSettings } from '../../scripts/satellite/settings.ts';
import { PATHS, UPLOAD_FIELD, type WindowRequest } from '../../scripts/tasking/api.ts';
import { temporaryDirectory } from '../support/temporary.ts';

export interface TestDesk extends Desk {
  readonly directory: string;
  /** A request to the Tasking API, with the token. */
  ask(method: string, path: string, body?: string | FormData): Promise<{ status: number; body: unknown }>;
  /** Resolves with the first journal entry, from the start on, whose message matches. */
  told(pattern: RegExp): Promise<JournalEntry>;
}

/** A satellite on ports of its own, with windows of seconds; it is gone when the test is over. */
export async function testDesk(...options: readonly string[]): Promise<TestDesk> {
  const directory = join(temporaryDirectory(), 'desk');
  const customary = { port: '0', 's3-port': '0', settle: '0.3', grace: '1', 'minimum-window': '1', directory };
  const words = Object.entries(customary).flatMap(([name, value]) =>
    options.includes(`--${name}`) ? [] : [`--${name}`, value],
  );
  const desk = await openDesk(readSettings([...words, ...options], {}));
  onTestFinished(() => desk.close());
  const ask: TestDesk['ask'] = async (method, path, body) => {
    const headers = { authorization: 'Bearer desk-token', ...(typeof body === 'string' ? JSON_TYPE : {}) };
    const response = await fetch(desk.url + path, { method, headers, body: body ?? null });
    return { status: response.status, body: await response.json() };
  };
  const told: TestDesk['told'] = (pattern) =>
    new Promise((resolve) => {
      const matches = (entry: JournalEntry): boolean => pattern.test(entry.message);
      const known = desk.journal.entries.find(matches);
      if (known !== undefined) resolve(known);
      else desk.journal.onEntry((entry) => matches(entry) && resolve(entry));
    });
  return { ...desk, directory, ask, told };
}

const JSON_TYPE = { 'content-type': 'application/json' };

export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** The body of a window that starts soon and lasts two seconds. */
export function windowBody(change: Partial<WindowRequest> = {}, executable = 'true', ...words: string[]): string {
  const request: WindowRequest = {
    type: 'PAYLOAD_SDR',
    satellite_id: 'FM1',
    start: inSeconds(2),
    duration: 2,
    parameters: { user_command: { executable, executable_arguments: words } },
    ...change,
  };
  return JSON.stringify(request);
}

/** Uploads a script and returns the answer. */
export function uploadScript(desk: TestDesk, payload: string, destination: string, script: string) {
  const form = new FormData();
  form.set(UPLOAD_FIELD, new Blob([`#!/bin/sh\n${script}\n`]), 'script');
  const query = new URLSearchParams({
    satellite_id: 'FM1',
    payload,
    destination_path: destination,
    executable: 'true',
  });
  return desk.ask('POST', `${PATHS.upload}?${query}`, form);
}
