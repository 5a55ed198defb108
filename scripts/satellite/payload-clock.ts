import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { inSandbox, type Sandbox } from '../simulate/sandbox.ts';
import type { Launch } from './network/network.ts';

/**
 * A payload's clock. Without root a process cannot be given a time of its own, but a program run by Node can: it loads a
 * few lines first that move `Date`. Other programs see this machine's time.
 */
const MOVED_CLOCK = `'use strict';
const aheadMs = Number(process.env.PAYLOAD_CLOCK_AHEAD_MS);
const machineNow = Date.now;
Date.now = () => machineNow() + aheadMs;
globalThis.Date = new Proxy(Date, {
  construct: (target, words, type) => Reflect.construct(target, words.length === 0 ? [Date.now()] : words, type),
  apply: () => new Date().toString(),
});
`;

const MODULE = '/tmp/.payload-clock.cjs';

/** Below this, nobody can tell. */
const UNNOTICED_MS = 1000;

/** What a command is told so that its clock is `aheadMs` ahead of this machine's; nothing where it is not. */
export function clockEnvironment(sandbox: Sandbox, aheadMs: number, launch: Launch): Record<string, string> {
  if (Math.abs(aheadMs) < UNNOTICED_MS) return {};
  const file = inSandbox(sandbox, MODULE);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, MOVED_CLOCK);
  const root = launch.environment.PAYLOAD_ROOT === undefined ? '' : sandbox.root;
  return { NODE_OPTIONS: `--require "${root}${MODULE}"`, PAYLOAD_CLOCK_AHEAD_MS: String(Math.round(aheadMs)) };
}
