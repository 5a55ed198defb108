import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { downlinkPrefix, folderMarkers, objectKey, sweepOutbox } from '../../scripts/simulate/bucket.ts';
import { formatListing, listBucket } from '../../scripts/simulate/listing.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const at = new Date('2021-09-06T04:32:29.900Z');

describe('the bucket', () => {
  it('names objects as the tutorial shows', () => {
    expect(downlinkPrefix('a/directory', 'FM1')).toBe('a/directory/FM1/downlink/');
    expect(objectKey(at, 'sdr_syslog')).toBe('2021/09/06/20210906T043229Z_sdr_syslog');
  });

  it('has one marker for each folder', () => {
    expect(folderMarkers(['2021/09/06/x', '2021/09/06/y', '2021/10/01/z'])).toEqual([
      '2021/',
      '2021/09/',
      '2021/09/06/',
      '2021/10/',
      '2021/10/01/',
    ]);
  });

  it('takes everything from an outbox, and keeps both of two files of one name', () => {
    const directory = temporaryDirectory();
    const outbox = join(directory, 'outbox');
    const downlink = join(directory, 'downlink');
    mkdirSync(join(outbox, 'tree'), { recursive: true });
    writeFileSync(join(outbox, '.hidden'), '1');
    writeFileSync(join(outbox, 'log'), 'first');
    writeFileSync(join(outbox, 'tree', 'leaf'), '3');

    expect(sweepOutbox(outbox, downlink, at)).toEqual([
      '2021/09/06/20210906T043229Z_.hidden',
      '2021/09/06/20210906T043229Z_log',
      '2021/09/06/20210906T043229Z_tree/leaf',
    ]);
    writeFileSync(join(outbox, 'log'), 'second');
    expect(sweepOutbox(outbox, downlink, at)).toContain('2021/09/06/20210906T043230Z_log');
    expect(readFileSync(join(downlink, '2021/09/06/20210906T043229Z_log'), 'utf8')).toBe('first');
    expect(readFileSync(join(downlink, '2021/09/06/20210906T043230Z_log'), 'utf8')).toBe('second');
  });
});

describe('the listing', () => {
  it('prints as aws s3 ls --recursive does', () => {
    const key = '2021/09/06/20210906T043229Z_sdr_syslog';
    expect(formatListing({ key: '2021/', sizeBytes: 0, modifiedAt: at })).toBe('2021-09-06 04:32:29          0 2021/');
    expect(formatListing({ key, sizeBytes: 2568, modifiedAt: at })).toBe(`2021-09-06 04:32:29       2568 ${key}`);
  });

  it('lists folders before what is in them', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, '2021', '09'), { recursive: true });
    writeFileSync(join(directory, '2021', '09', 'b'), '12');
    writeFileSync(join(directory, '2021', '09.a'), '1');
    const listed = listBucket(directory).map(({ key, sizeBytes }) => [key, sizeBytes]);
    expect(listed).toEqual([
      ['2021/', 0],
      ['2021/09.a', 1],
      ['2021/09/', 0],
      ['2021/09/b', 2],
    ]);
  });

  it('leaves out a name that no key can have', () => {
    const directory = temporaryDirectory();
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/a`), Buffer.from([0xff])]), '1');
    writeFileSync(join(directory, 'b'), '1');
    expect(listBucket(directory).map(({ key }) => key)).toEqual(['b']);
  });
});
