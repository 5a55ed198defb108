import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { startFailures } from '../../shared/start-failure.ts';
import { rounds } from '../support/effort.ts';
import { mountNamespaces } from '../support/requirement.ts';
import { type Launch, Payload } from './launch.ts';

/**
 * Everything but the payload's own root is read-only to a damaged bundle that runs as root: a test must not depend on
 * what it proves. Other users have no more than their own files to lose, and those the launcher does not open.
 */
const sandboxed = mountNamespaces().met;

function launchDamaged(payload: Payload): Launch {
  const command = [payload.bundle, '--version'];
  const confined = 'mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"';
  return payload.launch(sandboxed ? ['unshare', '--mount', 'sh', '-c', confined, payload.root, ...command] : command, {
    PAYLOAD_NODE: process.execPath,
    PATH: process.env.PATH ?? '',
  });
}

/** A generator of its own, so that a failure can be run again. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    yield state / 2 ** 32;
  }
}

/** Where the shell's own reading of the file ends to depend on every byte: from here on the trap is set. */
const trapSet = (bundle: Buffer): number => bundle.indexOf('\n{\n');

function expectRunOrRefusal(launch: Launch, spoken: boolean): void {
  if (launch.code === 0 && launch.notice === null) {
    expect(launch.stdout).toBe(`${packageJson.version}\n`);
    return;
  }
  expect(launch.stdout).toBe('');
  expect(launch.code).not.toBe(0);
  // The byte may be one of the sentence's own: the rest of it is still there.
  if (spoken) expect(`${launch.notice}${launch.stderr}`).toMatch(/upload|damaged|Node\.js/i);
}

describe('a damaged bundle runs as if it were whole, or refuses with its sentence', () => {
  it.each(['payload-serve', 'payload-fetch'] as const)(
    '%s, one byte of it anywhere',
    (agent) => {
      const payload = new Payload(agent);
      const whole = payload.read();
      const next = random(agent.length);
      for (let round = 0; round < rounds(200); round++) {
        const at = Math.floor(next.next().value * whole.length);
        const damaged = Buffer.from(whole);
        damaged.writeUInt8(damaged.readUInt8(at) ^ (1 + Math.floor(next.next().value * 255)), at);
        payload.replace(damaged);
        expectRunOrRefusal(launchDamaged(payload), at > trapSet(whole));
      }
    },
    120_000,
  );

  it('one byte of what comes before the body', () => {
    const payload = new Payload('payload-fetch');
    const whole = payload.read();
    const headBytes = whole.indexOf('\ngo()/*');
    const next = random(7);
    for (let round = 0; round < rounds(400); round++) {
      const at = Math.floor(next.next().value * headBytes);
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << Math.floor(next.next().value * 8)), at);
      payload.replace(damaged);
      expectRunOrRefusal(launchDamaged(payload), at > trapSet(whole));
    }
  }, 120_000);

  it.each([0.01, 0.02, 0.1, 0.5, 0.9, 0.9999])('cut short after %d of it', (part) => {
    const payload = new Payload('payload-serve');
    const whole = payload.read();
    payload.replace(whole.subarray(0, Math.floor(whole.length * part)));
    const { code, notice } = launchDamaged(payload);
    expect({ code, notice }).toEqual({
      code: startFailures['bundle-damaged'].exitCode,
      notice: expect.stringContaining('payload-serve is damaged or cut short: upload it again.'),
    });
  });

  it('with bytes behind its end', () => {
    const payload = new Payload('payload-serve');
    payload.replace(Buffer.concat([payload.read(), Buffer.from('\n')]));
    expect(launchDamaged(payload).code).toBe(startFailures['bundle-damaged'].exitCode);
  });
});
