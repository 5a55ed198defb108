import { basename } from 'node:path';
import { SABERTOOTH, SDR } from '../../../shared/payload.ts';
import { inSandbox, type Sandbox } from '../../simulate/sandbox.ts';
import type { UserCommand } from '../../simulate/window.ts';

/** What stands where, on a desk. */
export interface Stand {
  readonly sandbox: Sandbox;
  /** What a payload's `0.0.0.0` is. */
  readonly ownAddress: string;
  readonly sdrAddress: string;
  readonly sabertoothAddress: string;
}

/** Directories of a payload that a program of this machine must not look for in its own root. */
const SANDBOX_PATH = /^\/(inbox|outbox|persist|tmp|var)(?=\/|$)/;

/** System programs: read-only mounts on board, this machine's own on a desk. */
const SYSTEM_PROGRAM = /^\/(usr\/(local\/)?)?s?bin\//;

/**
 * A window's command where loopback stands for the network. What was uploaded runs as it is: our agents are told by
 * their environment where they are. A program of the system, such as the tutorial's python3 and curl, is this machine's,
 * and knows of no sandbox: in its arguments the payload's directories become the sandbox's, and the satellite's addresses
 * loopback ones.
 *
 * | word                          | becomes                              |
 * |-------------------------------|--------------------------------------|
 * | `0.0.0.0`                     | the payload's own loopback address   |
 * | `http://10.2.1.8:10101/x`     | `http://127.x.y.z:10101/x`           |
 * | `/outbox/sdr_syslog`          | `<sandbox>/outbox/sdr_syslog`        |
 */
export function onMachine(command: UserCommand, stand: Stand): UserCommand {
  const { executable } = command;
  if (executable.startsWith('/') && !SYSTEM_PROGRAM.test(executable)) return command;
  return {
    executable: basename(executable),
    arguments: command.arguments.map((word) => wordOnMachine(word, stand)),
  };
}

function wordOnMachine(word: string, stand: Stand): string {
  if (SANDBOX_PATH.test(word)) return inSandbox(stand.sandbox, word);
  let here = word;
  for (const [addresses, address] of [
    [SDR.addresses, stand.sdrAddress],
    [SABERTOOTH.addresses, stand.sabertoothAddress],
    [['0.0.0.0'], stand.ownAddress],
  ] as const) {
    for (const aboard of addresses) here = here.replaceAll(wholeAddress(aboard), address);
  }
  return here;
}

function wholeAddress(address: string): RegExp {
  return new RegExp(`(?<![0-9.])${address.replaceAll('.', '\\.')}(?![0-9.])`, 'g');
}
