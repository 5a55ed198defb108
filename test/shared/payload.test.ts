import { describe, expect, it } from 'vitest';
import { parsePort, portProblem, SDR } from '../../shared/payload.ts';

describe('ports', () => {
  it.each([
    ['10000', 10000],
    ['10101', 10101],
    ['65535', 65535],
    ['9999', null],
    ['80', null],
    ['0', null],
    ['65536', null],
    ['010101', null],
    ['1e4', null],
    ['10101.0', null],
    ['+10101', null],
    ['-10101', null],
    [' 10101', null],
    ['', null],
    ['http', null],
  ])('"%s"', (text, port) => {
    expect(parsePort(text)).toBe(port);
  });

  it('are explained where they do not pass', () => {
    expect(portProblem('80')).toContain('"80"');
    expect(portProblem('80')).toContain('10000 to 65535');
  });
});

it('the SDR has the address of the tutorial and that of the newer guide', () => {
  expect([...SDR.addresses].sort()).toEqual(['10.2.1.12', '10.2.1.8']);
});
