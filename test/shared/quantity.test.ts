import { describe, expect, it } from 'vitest';
import { count, formatBytes, parseMomentAsEpochMs, parseSecondsAsMs } from '../../shared/quantity.ts';

describe('parseSecondsAsMs', () => {
  it.each([
    ['60', 60_000],
    ['60s', 60_000],
    ['2.5', 2500],
    ['0.001', 1],
    ['0', null],
    ['0.0', null],
    ['-1', null],
    ['1m', null],
    ['1e3', null],
    ['.5', null],
    ['1.0001', null],
    ['12345678', null],
    [' 1', null],
    ['', null],
  ])('"%s"', (text, ms) => {
    expect(parseSecondsAsMs(text)).toBe(ms);
  });
});

describe('parseMomentAsEpochMs', () => {
  it.each([
    ['0', 0],
    ['1630902749', 1_630_902_749_000],
    ['1630902749.25', 1_630_902_749_250],
    ['2021-09-06T04:32:29Z', 1_630_902_749_000],
    ['2021-09-06T06:32:29+02:00', 1_630_902_749_000],
    ['2021-09-06T04:32Z', 1_630_902_720_000],
    ['2021-09-06T04:32:29', null],
    ['2021-13-06T04:32:29Z', null],
    ['2021-02-30T04:32:29Z', null],
    ['2024-02-29T23:59:59-12:00', 1_709_294_399_000],
    ['2021-09-06', null],
    ['1e9', null],
    ['noon', null],
    ['', null],
  ])('"%s"', (text, epochMs) => {
    expect(parseMomentAsEpochMs(text)).toBe(epochMs);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [2568, '2.5 KiB'],
    [102_400, '100 KiB'],
    [125_000, '122 KiB'],
    [1024 ** 3, '1.0 GiB'],
    [1024 ** 5, '1024 TiB'],
  ])('%i', (sizeBytes, text) => {
    expect(formatBytes(sizeBytes)).toBe(text);
  });
});

it.each([
  [0, '0 files'],
  [1, '1 file'],
  [2, '2 files'],
])('count %i', (n, text) => {
  expect(count(n, 'file')).toBe(text);
});
