import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';
import { type Desk, openDesk } from '../../scripts/satellite/desk.ts';
import type { JournalEntry } from '../../scripts/satellite/journal.ts';
import { readSettings } from '../../scripts/satellite/settings.ts';
import { PATHS, UPLOAD_FIELD, type WindowRequest } from '../../scripts/tasking/api.ts';

export interface TestDesk extends Desk {
  readonly directory: string;
  /** A request to the Tasking API, with the token. */
  ask(method: string, path: string, body?: string | FormData): Promise<{ status: number; body: unknown }>;
  /** Resolves with the first journal entry, from the start on, whose message matches. */
  told(pattern: RegExp): Promise<JournalEntry>;
}

/** What a test does not set otherwise. */
const IN_A_HURRY = { '--port': '0', '--s3-port': '0', '--settle': '0.3', '--grace': '1', '--minimum-window': '1' };

/** A satellite on ports of its own, with windows of seconds; it is gone when the test is over. */
export function testDesk(...options: readonly string[]): Promise<TestDesk> {
  return deskFor(onTestFinished, options);
}

/** The same for a test that runs beside others, which has to say which of them it is. */
export function concurrentDesk(context: TestContext, ...options: readonly string[]): Promise<TestDesk> {
  return deskFor(context.onTestFinished, options);
}

async function deskFor(onFinished: TestContext['onTestFinished'], options: readonly string[]): Promise<TestDesk> {
  const parent = mkdtempSync(join(tmpdir(), 'payload-link-'));
  const directory = join(parent, 'desk');
  const words = Object.entries({ ...IN_A_HURRY, '--directory': directory }).flatMap(([option, value]) =>
    options.includes(option) ? [] : [option, value],
  );
  const desk = await openDesk(readSettings([...words, ...options], {}));
  onFinished(async () => {
    await desk.close();
    rmSync(parent, { recursive: true, force: true });
  });
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
