/** What a dynamically linked program asks of the system that is to run it. */
export interface ElfNeeds {
  /** `e_machine`: 62 is x86-64, 183 is AArch64. */
  readonly machine: number;
  /** The dynamic loader, by path; `null` where the program needs none. */
  readonly interpreter: string | null;
  /** Symbol versions by the library that must provide them, such as `libc.so.6` -> `GLIBC_2.17`. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
}

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** For a section that holds names by offset: the index of the one they are in. */
  readonly link: number;
  readonly entries: number;
}

const PROGRAM_INTERPRETER = 3;
const SECTION_VERSION_NEEDS = 0x6ffffffe;

/**
 * Reads a 64-bit little-endian ELF file (System V gABI, "Object Files"; the version needs are a GNU extension described
 * in the Linux Standard Base, "Symbol Versioning"). Throws for anything else.
 */
export function readElfNeeds(file: Buffer): ElfNeeds {
  if (file.length < 64 || file.toString('latin1', 0, 4) !== '\x7fELF') throw new Error('this is no ELF file');
  if (file[4] !== 2 || file[5] !== 1) throw new Error('this ELF file is not of 64 bits, little-endian');
  const sections = readSections(file);
  const versions = new Map<string, string[]>();
  for (const section of sections) {
    const names = sections[section.link];
    if (section.type === SECTION_VERSION_NEEDS && names !== undefined) readVersionNeeds(file, section, names, versions);
  }
  return { machine: file.readUInt16LE(18), interpreter: readInterpreter(file), versions };
}

function readSections(file: Buffer): Section[] {
  const tableOffset = offsetAt(file, 40);
  const entryBytes = file.readUInt16LE(58);
  return Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const at = tableOffset + index * entryBytes;
    return {
      type: file.readUInt32LE(at + 4),
      offset: offsetAt(file, at + 24),
      sizeBytes: offsetAt(file, at + 32),
      link: file.readUInt32LE(at + 40),
      entries: file.readUInt32LE(at + 44),
    };
  });
}

/** A list of libraries, each with a list of versions; every link is relative to the entry that holds it. */
function readVersionNeeds(file: Buffer, needs: Section, names: Section, versions: Map<string, string[]>): void {
  for (let library = 0, at = needs.offset; library < needs.entries; library++) {
    const name = textAt(file, names.offset + file.readUInt32LE(at + 4));
    const found = versions.get(name) ?? [];
    versions.set(name, found);
    for (let count = file.readUInt16LE(at + 2), entry = at + file.readUInt32LE(at + 8); count > 0; count--) {
      found.push(textAt(file, names.offset + file.readUInt32LE(entry + 8)));
      entry += file.readUInt32LE(entry + 12);
    }
    at += file.readUInt32LE(at + 12);
  }
}

function readInterpreter(file: Buffer): string | null {
  const tableOffset = offsetAt(file, 32);
  const entryBytes = file.readUInt16LE(54);
  for (let index = 0; index < file.readUInt16LE(56); index++) {
    const at = tableOffset + index * entryBytes;
    if (file.readUInt32LE(at) === PROGRAM_INTERPRETER) return textAt(file, offsetAt(file, at + 8));
  }
  return null;
}

function offsetAt(file: Buffer, at: number): number {
  return Number(file.readBigUInt64LE(at));
}

function textAt(file: Buffer, at: number): string {
  return file.toString('latin1', at, file.indexOf(0, at));
}
