import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SatelliteClock } from '../../scripts/satellite/clock.ts';
import { contactAt, cross, smallestFirst } from '../../scripts/satellite/contact.ts';
import { FaultBoard, parseFault } from '../../scripts/satellite/fault.ts';
import { parseListening } from '../../scripts/satellite/network/listening.ts';
import { onMachine } from '../../scripts/satellite/network/machine-command.ts';
import { conflict, freeIntervals } from '../../scripts/satellite/schedule.ts';
import { readSettings } from '../../scripts/satellite/settings.ts';

describe('freeIntervals', () => {
  const day = { start: 0, end: 86_400 };

  it.each([
    ['all of an empty day', [], [day]],
    [
      'what lies before and after a window and its buffers',
      [{ start: 1000, end: 1060 }],
      [
        { start: 0, end: 670 },
        { start: 1390, end: 86_400 },
      ],
    ],
    [
      'nothing between two windows that are close',
      [
        { start: 330, end: 400 },
        { start: 1080, end: 1200 },
      ],
      [{ start: 1530, end: 86_400 }],
    ],
  ])('gives %s', (_, taken, free) => {
    expect(freeIntervals(day, taken, 'PAYLOAD_SDR', 30)).toEqual(free);
  });

  it('gives what does not conflict, and nothing else', () => {
    const second = fc.integer({ min: 0, max: 5000 });
    const window = fc.tuple(second, fc.integer({ min: 30, max: 300 })).map(([start, s]) => ({ start, end: start + s }));
    fc.assert(
      fc.property(fc.array(window, { maxLength: 5 }), window, (taken, wanted) => {
        const asked = { start: 0, end: 6000 };
        const free = freeIntervals(asked, taken, 'PAYLOAD_SDR', 30);
        const fits = free.some(({ start, end }) => start <= wanted.start && wanted.end <= end);
        expect(fits).toBe(conflict(wanted, taken, 'PAYLOAD_SDR') === null);
      }),
    );
  });
});

describe('a contact', () => {
  it('comes at every multiple of its interval', () => {
    expect([0, 1, 9999, 10_000].map((ms) => contactAt(ms, 10_000))).toEqual([0, 10_000, 10_000, 10_000]);
  });

  it('moves what its bytes allow, and goes on where it stopped', () => {
    const queue = [100, 0, 50].map((sizeBytes) => ({ sizeBytes, sentBytes: 0 }));
    expect(cross(queue, 60)).toEqual([]);
    expect(cross(queue, 60)).toEqual(queue.slice(0, 2));
    expect(queue.map(({ sentBytes }) => sentBytes)).toEqual([100, 0, 20]);
    expect(smallestFirst(queue).map(({ sizeBytes }) => sizeBytes)).toEqual([0, 50, 100]);
  });
});

describe("the satellite's clock", () => {
  it('hurries to what is due, stands still there, and goes back to the machine', () => {
    let machineMs = 1000;
    const clock = new SatelliteClock(() => machineMs);
    clock.hurry(100, 5000);
    expect(clock.machineWaitMs(5000)).toBe(40);
    machineMs += 10;
    expect(clock.nowMs()).toBe(2000);
    machineMs += 500;
    expect(clock.nowMs()).toBe(5000);
    clock.walk();
    machineMs += 10;
    expect(clock.nowMs()).toBe(5010);
    expect(clock.aheadMs()).toBe(5010 - 1520);
    clock.reset();
    expect(clock.nowMs()).toBe(machineMs);
  });
});

describe('an order of a fault', () => {
  it.each(['FM1/SDR/power-cut=7', 'FM2/SABERTOOTH/boot-delay=0.5', 'FM1/SDR/clock-wrong=-60', 'FM1/SDR/overlap-lost'])(
    'is read: %s',
    (text) => expect(parseFault(text)).not.toBeNull(),
  );

  it.each([
    '',
    'FM1/SDR',
    'FM1/SDR/power-cut',
    'FM1/SDR/power-cut=0',
    'FM1/SDR/power-cut=-1',
    'FM1/SDR/power-cut=x',
    'FM1/SDR/toothache=1',
    'FM1/LASER/power-cut=1',
  ])('is not read: "%s"', (text) => expect(parseFault(text)).toBeNull());

  it('comes beside the others that are ordered on the command line', () => {
    const faults = ['FM1/SDR/boot-delay=1', 'FM1/SDR/power-cut=7'];
    const words = faults.flatMap((fault) => ['--fault', fault]);
    expect(readSettings(words, {}).faults).toEqual(faults.map(parseFault));
    expect(() => readSettings(['--port', '1', '--port', '2'], {})).toThrow('--port is given twice.');
  });

  it('is used up by the window or the upload that it is for', () => {
    const board = new FaultBoard();
    board.order({ satellite_id: 'FM1', payload: 'SDR', kind: 'power-cut', amount: 3 });
    board.order({ satellite_id: 'FM1', payload: 'SDR', kind: 'upload-late', amount: 4 });
    expect([...board.takeForWindow('FM2', 'SDR')]).toEqual([]);
    expect([...board.takeForWindow('FM1', 'SDR')]).toEqual([['power-cut', 3]]);
    expect([...board.takeForWindow('FM1', 'SDR')]).toEqual([]);
    expect(board.takeForUpload('FM1', 'SDR')).toBe(4);
    expect(board.takeForUpload('FM1', 'SDR')).toBe(0);
  });
});

describe('onMachine', () => {
  const sandbox = { root: '/desk/FM1/sabertooth', outbox: '/desk/FM1/sabertooth/outbox' };
  const stand = {
    sandbox,
    ownAddress: '127.10.1.10',
    sdrAddress: '127.10.1.112',
    sabertoothAddress: '127.10.1.110',
  };

  it.each([
    ['python3', '0.0.0.0', '127.10.1.10'],
    ['curl', 'http://10.2.1.8:10101/var/log/syslog', 'http://127.10.1.112:10101/var/log/syslog'],
    ['curl', 'http://10.2.1.12:10101/x', 'http://127.10.1.112:10101/x'],
    ['curl', 'http://10.2.1.10:10101/x', 'http://127.10.1.110:10101/x'],
    ['curl', 'http://110.2.1.8/10.2.1.81', 'http://110.2.1.8/10.2.1.81'],
    ['/usr/bin/curl', '/outbox/x', '/desk/FM1/sabertooth/outbox/x'],
    ['curl', '/outboxes', '/outboxes'],
    ['/persist/bin/payload-fetch', 'http://10.2.1.8:10101/x', 'http://10.2.1.8:10101/x'],
    ['/persist/bin/payload-fetch', '/outbox/x', '/outbox/x'],
  ])('%s %s', (executable, word, here) => {
    expect(onMachine({ executable, arguments: [word] }, stand).arguments).toEqual([here]);
  });

  it("takes a system program by its name, and the payload's own by its path", () => {
    const executables = ['/usr/bin/curl', 'curl', '/persist/bin/curl', '/usr/../persist/x'];
    expect(executables.map((executable) => onMachine({ executable, arguments: [] }, stand).executable)).toEqual([
      'curl',
      'curl',
      '/persist/bin/curl',
      '/usr/../persist/x',
    ]);
  });
});

describe('parseListening', () => {
  it('reads what listens, and not what is connected', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0C010A7F:2775 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0C010A7F:2776 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0100007F:1F90 0C010A7F:2775 01 00000000:00000000 00:00000000 00000000     0        0 3
`;
    expect(parseListening(table)).toEqual(new Map([['127.10.1.12', new Set([10101, 10102])]]));
  });
});
