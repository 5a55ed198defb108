import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveReport } from '../../shared/report.ts';
import { freePort, nodes } from '../support/agent.ts';
import { mountNamespaces, requires } from '../support/requirement.ts';
import { Payload } from './launch.ts';

describe.each(nodes)('on %s, payload-serve runs its window', (_, node) => {
  const windowOf = async (payload: Payload): Promise<string[]> => {
    const port = String(await freePort());
    return [payload.bundle, port, '--bind', '127.0.0.1', '--directory', '/', '--duration', '0.5'];
  };
  const reportOf = (payload: Payload) =>
    serveReport.parse(JSON.parse(readFileSync(join(payload.root, 'outbox', 'payload-serve-report.json'), 'utf8')));

  it('where only /outbox and /persist can be written', requires(mountNamespaces()), async () => {
    const payload = new Payload('payload-serve');
    mkdirSync(join(payload.root, 'persist'));
    const writable = 'for name in outbox persist; do mount --bind "$0/$name" "$0/$name" || exit 99; done';
    const command = ['sh', '-c', `${writable}; mount -o remount,bind,ro / && exec "$@"`, payload.root];
    const launch = payload.launch(['unshare', '--mount', ...command, ...(await windowOf(payload))], {
      PAYLOAD_NODE: node,
      PATH: process.env.PATH ?? '',
    });
    expect(launch).toMatchObject({ code: 0, notice: null });
    expect(reportOf(payload)).toMatchObject({ state: 'ended', exitCode: 0 });
    expect(readdirSync(join(payload.root, 'persist'))).toEqual(['.payload-serve-v8-cache']);
  });

  it('with a clock that starts at 1970 and is set right in its midst', async () => {
    const payload = new Payload('payload-serve');
    payload.place(
      'clock.js',
      `const now = Date.now;
      let firstRead = null;
      const wrong = () => { const at = now(); firstRead ??= at; const ms = at - firstRead; return ms < 300 ? 3_600_000 + ms : at };
      const { Date: Right } = globalThis;
      globalThis.Date = class extends Right { constructor(...args) { super(...(args.length ? args : [wrong()])) } static now() { return wrong() } };`,
    );
    const wrongClock = payload.place('node', `#!/bin/sh\nexec '${node}' -r '${payload.root}/clock.js' "$@"\n`);
    const launch = payload.launch(await windowOf(payload), { PAYLOAD_NODE: wrongClock });
    expect(launch).toMatchObject({ code: 0, notice: null });
    const report = reportOf(payload);
    expect(report.startedAt.slice(0, 4)).toBe('1970');
    expect(report).toMatchObject({ state: 'ended', ending: 'duration', exitCode: 0 });
    expect(report.elapsedMs).toBeLessThan(10_000);
  });
});
