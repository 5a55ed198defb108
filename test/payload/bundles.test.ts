import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'acorn';
import { describe, expect, inject, it } from 'vitest';
import { AGENTS, NODE_TARGET, projectRoot } from '../../scripts/build/bundle.ts';
import { readManifest } from '../../scripts/build/manifest.ts';
import { UPLINK_BYTES_PER_DAY } from '../../scripts/tasking/rules.ts';
import { long } from '../support/effort.ts';
import { condition, requires } from '../support/requirement.ts';

const agents = Object.keys(AGENTS);
const bundle = (agent: string, root = projectRoot): Buffer => readFileSync(join(root, 'build', agent));

describe('the bundles', () => {
  it('are together at most what an average day of uplink carries', () => {
    const pairBytes = agents.reduce((sum, agent) => sum + bundle(agent).length, 0);
    expect(pairBytes).toBeLessThanOrEqual(UPLINK_BYTES_PER_DAY);
  });

  it('are packed: xz finds no more than 3 % in them', () => {
    for (const { sizeBytes, xzBytes } of Object.values(readManifest().bundles))
      expect(xzBytes ?? sizeBytes).toBeGreaterThan(sizeBytes * 0.97);
  });

  it('are what the manifest says', () => {
    const manifest = readManifest();
    expect(manifest).toMatchObject({ node: NODE_TARGET, form: 'packed' });
    expect(Object.keys(manifest.bundles)).toEqual(agents);
    for (const agent of agents) {
      const file = bundle(agent);
      expect(manifest.bundles[agent]).toMatchObject({
        sizeBytes: file.length,
        sha256: createHash('sha256').update(file).digest('hex'),
      });
      expect(statSync(join(projectRoot, 'build', agent)).mode & 0o111).toBe(0o111);
    }
  });

  it('hold no path of the machine that built them', () => {
    for (const agent of agents) expect(bundle(agent).includes(projectRoot)).toBe(false);
  });

  it('begin with a loader that the oldest Node can read', () => {
    for (const agent of agents) {
      const loader = bundle(agent)
        .toString('latin1')
        .split('\n')
        .find((line) => line.startsWith('var go='));
      expect(() => parse(loader ?? '', { ecmaVersion: 5 })).not.toThrow();
      expect(loader).toBeDefined();
    }
  });
});

describe('another clone, in another directory', requires(condition('npm run test:long', long)), () => {
  it('builds the same bytes', () => {
    const clone = inject('clone') ?? '';
    for (const agent of agents) expect(bundle(agent, clone).equals(bundle(agent))).toBe(true);
  });
});
