import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ReceiptBook, readReceipts, type UploadReceipt } from '../../scripts/ground/receipts.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const receipt: UploadReceipt = {
  api: 'http://127.0.0.1:8080',
  satellite: 'FM1',
  payload: 'SDR',
  destination: '/persist/bin/payload-serve',
  sha256: 'ab',
  sizeBytes: 1,
  id: null,
  earlierIds: [],
};

test('a receipt is on the disk when it has been put, and is replaced by its completion', async () => {
  const path = join(temporaryDirectory(), 'receipts.json');
  const book = new ReceiptBook(path);
  await book.putUpload(receipt);
  expect(readReceipts(path).uploads).toEqual([receipt]);
  await book.putUpload({ ...receipt, id: 'u1' }, receipt);
  expect(readReceipts(path).uploads).toEqual([{ ...receipt, id: 'u1' }]);
  book.close();
});

test('one run at a time holds the receipts', () => {
  const path = join(temporaryDirectory(), 'receipts.json');
  const book = new ReceiptBook(path);
  expect(() => new ReceiptBook(path)).toThrow(/Another run \(process \d+\) holds/);
  book.close();
  new ReceiptBook(path).close();
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test.each([
  // Above the largest pid that Linux gives.
  ['of a run that was killed', '4194305 1'],
  ['that names no run', ''],
  ['of a run whose number another process has now', `${process.ppid} 1`],
])("a lock %s stands in nobody's way", (_, lock) => {
  const directory = temporaryDirectory();
  const path = join(directory, 'receipts.json');
  writeFileSync(`${path}.lock`, lock);
  new ReceiptBook(path).close();
  expect(readdirSync(directory)).toEqual([]);
});

test.each([
  ['is torn', '{"schema":"payload-link-receipts/1","uploads":['],
  ['is of another version', '{"schema":"payload-link-receipts/9","uploads":[],"deployments":[]}'],
])('a file that %s is refused, and left as it is', (_, text) => {
  const directory = temporaryDirectory();
  const path = join(directory, 'receipts.json');
  writeFileSync(path, text);
  expect(() => new ReceiptBook(path)).toThrow(/damaged or from another version/);
  expect(readFileSync(path, 'utf8')).toBe(text);
  expect(readdirSync(directory)).toEqual(['receipts.json']);
});
