import { describe, expect, it } from 'vitest';
import { fetchEvents, type Severity, serveEvents } from '../../shared/event.ts';

const all = [...Object.entries(serveEvents), ...Object.entries(fetchEvents)] as readonly [
  string,
  { severity: Severity; message: unknown },
][];

describe('events', () => {
  it.each(all)('%s has a severity of pino', (_, kind) => {
    expect(['debug', 'info', 'warn', 'error']).toContain(kind.severity);
  });

  it('say what happened in one sentence', () => {
    const request = { client: '10.2.1.10', method: 'GET', path: '/f', status: 206, sentBytes: 2048, tookMs: 3 };
    expect(serveEvents.RequestServed.message({ ...request, range: 'bytes=0-2047' })).toBe(
      '10.2.1.10 GET /f (bytes=0-2047): 206, 2.0 KiB in 3 ms.',
    );
    expect(serveEvents.RequestServed.message({ ...request, range: null })).toBe(
      '10.2.1.10 GET /f: 206, 2.0 KiB in 3 ms.',
    );
    expect(fetchEvents.ServerFound.message({ address: '10.2.1.8:10101', waitedMs: 12, attempts: 1 })).toBe(
      '10.2.1.8:10101 answers after 12 ms and 1 attempt.',
    );
    expect(fetchEvents.TransferStarted.message({ source: '/f', sizeBytes: null, reusedBytes: 0 })).toBe(
      '/f: size unknown.',
    );
    expect(fetchEvents.TransferStarted.message({ source: '/f', sizeBytes: 2048, reusedBytes: 1024 })).toBe(
      '/f: 2.0 KiB, of which 1.0 KiB are here already.',
    );
    expect(serveEvents.LogTrimmed.message({ dropped: 1 })).toBe('1 line of this log was dropped to keep it small.');
  });
});
