import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatName, outputPath, treeName } from '../../agents/fetch/output-name.ts';

describe('flatName', () => {
  it.each([
    ['/var/log/syslog', 'var_log_syslog'],
    ['/x', 'x'],
    ['/', 'index'],
    ['', 'index'],
    ['/a/../../etc/passwd', 'etc_passwd'],
    ['/a//b/', 'a_b'],
  ])('%s', (path, name) => expect(flatName(path)).toBe(name));

  it.each(['/.hidden', '/payload-fetch-report.json', '/a b', '/caf\u00c3\u00a9', '/-rf', '/a\nb'])(
    'is told apart by a hash: %j',
    (path) => expect(flatName(path)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._+=@,~-]*-[0-9a-f]{8}$/),
  );

  it('is one harmless name whatever the server calls its files, and the same at every run', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (path) => {
        const name = flatName(path);
        expect(name).toMatch(/^[A-Za-z0-9_+=@,~][A-Za-z0-9._+=@,~-]{0,200}$/);
        expect(flatName(path)).toBe(name);
      }),
    );
  });
});

describe('treeName', () => {
  it.each([
    ['/var/log/syslog', 'var/log/syslog'],
    ['/../../x', 'x'],
    ['/', 'index'],
  ])('%s', (path, name) => expect(treeName(path)).toBe(name));

  it('never leads out of the outbox', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (path) => {
        for (const segment of treeName(path).split('/')) expect(segment).toMatch(/^[A-Za-z0-9_+=@,~]/);
      }),
    );
  });
});

describe('outputPath', () => {
  it.each([
    ['sdr_syslog', '/outbox/sdr_syslog'],
    ['a/b', '/outbox/a/b'],
    ['a/../b', '/outbox/b'],
    ['/persist/x.iq', '/persist/x.iq'],
  ])('%s', (named, path) => expect(outputPath(named, '/outbox')).toBe(path));

  it.each(['../x', 'a/../../x', '.', '', 'a/', 'x\0y'])('refuses %j', (named) =>
    expect(() => outputPath(named, '/outbox')).toThrow(expect.objectContaining({ code: 'usage' })),
  );

  it('needs an outbox for a relative path', () => {
    expect(() => outputPath('x', null)).toThrow(expect.objectContaining({ code: 'disk-refused' }));
    expect(outputPath('/tmp/x', null)).toBe('/tmp/x');
  });
});
