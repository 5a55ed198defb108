import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../agents/common/environment.ts';
import { openOutbox } from '../../agents/common/outbox.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const desk = () => {
  const root = temporaryDirectory();
  return { root, environment: readEnvironment({ PAYLOAD_ROOT: root }) };
};

describe('openOutbox', () => {
  it("takes the payload's own", () => {
    const { root, environment } = desk();
    mkdirSync(join(root, 'outbox'));
    expect(openOutbox(environment, undefined)).toBe(join(root, 'outbox'));
  });

  it('is none away from a satellite, and makes none', () => {
    const { root, environment } = desk();
    expect(openOutbox(environment, undefined)).toBeNull();
    expect(statSync(join(root, 'outbox'), { throwIfNoEntry: false })).toBeUndefined();
  });

  it('makes the last part of one that is named', () => {
    const { root, environment } = desk();
    expect(openOutbox(environment, '/here')).toBe(join(root, 'here'));
    expect(statSync(join(root, 'here')).isDirectory()).toBe(true);
  });

  it.each(['/not/there', '/file', '/file/below'])('refuses %s', (named) => {
    const { root, environment } = desk();
    writeFileSync(join(root, 'file'), '');
    expect(() => openOutbox(environment, named)).toThrow(expect.objectContaining({ code: 'disk-refused' }));
  });
});
