import { describe, expect, it } from 'vitest';
import { hostOnLink, onPayload, readEnvironment } from '../../agents/common/environment.ts';

const onBoard = readEnvironment({});
const onDesk = readEnvironment({ PAYLOAD_ROOT: '/desk/sdr', PAYLOAD_SDR: '127.0.0.1' });

describe('the environment', () => {
  it('is the satellite where nothing is set', () => {
    expect(onBoard).toEqual({ root: '/', address: null, sdrAddresses: ['10.2.1.12', '10.2.1.8'] });
    expect(readEnvironment({ PAYLOAD_ROOT: '', PAYLOAD_SDR: '', PAYLOAD_ADDRESS: '' })).toEqual(onBoard);
  });

  it('takes several addresses', () => {
    expect(readEnvironment({ PAYLOAD_SDR: '127.0.0.2,127.0.0.3' }).sdrAddresses).toEqual(['127.0.0.2', '127.0.0.3']);
  });

  it('never reaches for the satellite from a desk', () => {
    expect(readEnvironment({ PAYLOAD_ROOT: '/desk/sdr' }).sdrAddresses).toEqual(['127.0.0.1']);
  });

  it.each([
    [onBoard, '/var/log/syslog', '/var/log/syslog'],
    [onDesk, '/var/log/syslog', '/desk/sdr/var/log/syslog'],
    [onDesk, '/', '/desk/sdr/'],
    [onDesk, '/desk/sdr/outbox', '/desk/sdr/outbox'],
    [onDesk, '/desk/sdr', '/desk/sdr'],
    [onDesk, '/desk/sdr2/outbox', '/desk/sdr/desk/sdr2/outbox'],
    [onDesk, '/../../etc/passwd', '/desk/sdr/etc/passwd'],
  ])('%o has %s at %s', (environment, path, here) => {
    expect(onPayload(environment, path)).toBe(here);
  });

  it.each([
    [onBoard, '10.2.1.8', '10.2.1.8'],
    [onDesk, '10.2.1.8', '127.0.0.1'],
    [onDesk, '10.2.1.12', '127.0.0.1'],
    [onDesk, 'example.net', 'example.net'],
    [readEnvironment({ PAYLOAD_SDR: '10.2.1.8' }), '10.2.1.8', '10.2.1.8'],
    [readEnvironment({ PAYLOAD_SDR: '10.2.1.8' }), '10.2.1.12', '10.2.1.8'],
  ])('%o has %s at %s', (environment, host, here) => {
    expect(hostOnLink(environment, host)).toBe(here);
  });
});
