import type { ElfNeeds } from './elf.ts';

/** What a payload's system provides, as far as a program asks for it by version. */
export interface PayloadSystem {
  readonly name: string;
  readonly machine: number;
  readonly interpreter: string;
  /** The newest symbol version of each family in the library that has it; every older one is there too. */
  readonly newest: Readonly<Record<string, string>>;
  readonly libraries: readonly string[];
}

const AARCH64 = 183;

/** glibc 2.27 and the C++ runtime of GCC 7.3, the older of the two payloads' (GCC's "ABI Policy and Guidelines"). */
const gcc7 = {
  machine: AARCH64,
  interpreter: '/lib/ld-linux-aarch64.so.1',
  newest: { GLIBC: '2.27', GLIBCXX: '3.4.24', CXXABI: '1.3.11', GCC: '7.0.0' },
  libraries: [
    'ld-linux-aarch64.so.1',
    'libc.so.6',
    'libdl.so.2',
    'libm.so.6',
    'libpthread.so.0',
    'librt.so.1',
    'libgcc_s.so.1',
    'libstdc++.so.6',
  ],
} as const;

export const payloadSystems: readonly PayloadSystem[] = [
  { name: 'SDR (Yocto Poky 2.5: glibc 2.27, libstdc++ 7.3)', ...gcc7 },
  {
    name: 'SABERTOOTH (Ubuntu 18.04: glibc 2.27, libstdc++ 8)',
    ...gcc7,
    newest: { ...gcc7.newest, GLIBCXX: '3.4.25' },
  },
];

/** Why a program would not start on a payload, one sentence for each reason; none where it would. */
export function obstacles(needs: ElfNeeds, system: PayloadSystem): string[] {
  const found: string[] = [];
  if (needs.machine !== system.machine) found.push(`It is built for another machine (ELF machine ${needs.machine}).`);
  if (needs.interpreter !== null && needs.interpreter !== system.interpreter)
    found.push(`It asks for the dynamic loader ${needs.interpreter}, and there is ${system.interpreter}.`);
  for (const [library, versions] of needs.versions) {
    if (!system.libraries.includes(library)) found.push(`It asks for ${library}, which is not there.`);
    for (const version of versions) {
      const newest = system.newest[familyOf(version)];
      if (newest === undefined || compareVersions(numberOf(version), newest) > 0)
        found.push(`It asks ${library} for ${version}, and the newest there is ${newest ?? 'none'}.`);
    }
  }
  return found;
}

/** The newest version that a program asks for of each family, such as `GLIBC` -> `2.17`. */
export function newestAsked(needs: ElfNeeds): Map<string, string> {
  const newest = new Map<string, string>();
  for (const version of [...needs.versions.values()].flat()) {
    const family = familyOf(version);
    const known = newest.get(family);
    if (known === undefined || compareVersions(numberOf(version), known) > 0) newest.set(family, numberOf(version));
  }
  return newest;
}

/** Negative where `a` is older than `b`. `2.9` is older than `2.17`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function familyOf(version: string): string {
  return version.slice(0, version.lastIndexOf('_'));
}

function numberOf(version: string): string {
  return version.slice(version.lastIndexOf('_') + 1);
}
