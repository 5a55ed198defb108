import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { Failure } from '../../../shared/failure.ts';
import { LOWEST_PORT, SABERTOOTH, SDR } from '../../../shared/payload.ts';
import type { UserCommand } from '../../simulate/window.ts';
import type { PayloadName } from '../../tasking/api.ts';
import type { FaultKind } from '../fault.ts';
import type { Launch, LinkQuality, Network, Place } from './network.ts';

const run = promisify(execFile);

/** Names of ours, with the process that made them, so that what a killed one left behind is known for that. */
const NAME = /^payload-link-(\d+)\.\d+-/;

/** How many networks this process has opened. */
let opened = 0;

const ADDRESSES: Readonly<Record<PayloadName, readonly string[]>> = {
  SDR: SDR.addresses,
  SABERTOOTH: SABERTOOTH.addresses,
  IPI: ['10.2.1.16'],
};

/** How often the counters of the interfaces are read. */
const SAMPLE_MS = 500;

/** Where a payload finds the Node that the satellite was started with. */
const NODE_ON_PAYLOAD = '/run/node';

/**
 * Turns a mount namespace of its own into the payload: the system's directories read-only over the sandbox, then the
 * sandbox as root. What is mounted here, nobody else sees, and it goes with the process.
 */
const ENTER = `set -e
root=$1 node=$2; shift 2
for name in bin sbin lib lib32 lib64 libx32 usr etc; do
  if [ -L "/$name" ]; then [ -e "$root/$name" ] || ln -s "$(readlink "/$name")" "$root/$name"
  elif [ -d "/$name" ]; then mkdir -p "$root/$name"; mount --bind -o ro "/$name" "$root/$name"; fi
done
mkdir -p "$root/proc" "$root/dev" "$root/run"
mount -t proc -o ro proc "$root/proc"
mount --rbind /dev "$root/dev"
: >"$root${NODE_ON_PAYLOAD}"
mount --bind -o ro "$node" "$root${NODE_ON_PAYLOAD}"
exec chroot "$root" "$@"`;

/**
 * The network of a desk with root: each payload is a network namespace with the addresses that it has on board, joined
 * to the others of its satellite by a bridge in one more. Its command sees the sandbox as `/`, so that the command lines
 * of the tutorial run unchanged. The namespaces are made when a satellite's first window opens and deleted at the end.
 */
export class NamespaceNetwork implements Network {
  readonly cannot: readonly FaultKind[];
  readonly #prefix: string;
  readonly #hasFirewall: boolean;
  readonly #satellites = new Map<string, Promise<void>>();
  readonly #traffic = new Map<Place, { startBytes: number; nowBytes: number; timer: NodeJS.Timeout }>();

  private constructor(hasFirewall: boolean) {
    opened += 1;
    this.#prefix = `payload-link-${process.pid}.${opened}-`;
    this.#hasFirewall = hasFirewall;
    this.cannot = hasFirewall ? [] : ['link-lossy'];
  }

  /** Throws a `usage` failure where this machine, or this user, cannot make namespaces. */
  static async open(): Promise<NamespaceNetwork> {
    try {
      await run('unshare', ['--net', '--mount', 'ip', 'link']);
    } catch (cause) {
      const message = '--network namespaces needs root, and the programs ip and unshare: leave it out to use loopback.';
      throw new Failure('usage', message, { cause });
    }
    await deleteLeftovers();
    // With nftables the port rule holds, and connections can be made to break.
    const hasFirewall = await run('nft', ['--version']).then(
      () => true,
      () => false,
    );
    return new NamespaceNetwork(hasFirewall);
  }

  async connect(place: Place, quality: LinkQuality): Promise<void> {
    const { satelliteId, payload } = place;
    const made = this.#satellites.get(satelliteId) ?? this.#make(satelliteId);
    this.#satellites.set(satelliteId, made);
    await made;
    const port = portOf(payload);
    const { bytesPerSecond, breaksAfterBytes } = quality;
    for (const [namespace, device] of [
      [this.#hub(satelliteId), port],
      [this.#namespace(place), 'eth0'],
    ] as const) {
      await run('tc', ['-n', namespace, 'qdisc', 'del', 'dev', device, 'root']).catch(() => {});
      if (bytesPerSecond !== null) await slow(namespace, device, bytesPerSecond);
    }
    if (this.#hasFirewall) await inNamespace(this.#namespace(place), 'nft', rules(breaksAfterBytes));
    await ip('-n', this.#hub(satelliteId), 'link', 'set', port, 'up');

    const startBytes = await interfaceBytes(this.#hub(satelliteId), port);
    const timer = setInterval(() => this.#sample(place), SAMPLE_MS);
    this.#traffic.set(place, { startBytes, nowBytes: startBytes, timer });
  }

  async disconnect(place: Place): Promise<void> {
    clearInterval(this.#traffic.get(place)?.timer);
    this.#traffic.delete(place);
    await ip('-n', this.#hub(place.satelliteId), 'link', 'set', portOf(place.payload), 'down');
  }

  launch(place: Place, command: UserCommand): Launch {
    const enter = ['sh', '-c', ENTER, 'sh', place.sandbox.root, process.execPath];
    const namespace = `--net=/run/netns/${this.#namespace(place)}`;
    return {
      command: {
        executable: 'nsenter',
        arguments: [namespace, 'unshare', '--mount', '--propagation', 'private', ...enter, command.executable].concat(
          command.arguments,
        ),
      },
      environment: { PAYLOAD_NODE: NODE_ON_PAYLOAD },
    };
  }

  sentBytes(place: Place): number {
    const traffic = this.#traffic.get(place);
    return traffic === undefined ? 0 : traffic.nowBytes - traffic.startBytes;
  }

  async close(): Promise<void> {
    for (const { timer } of this.#traffic.values()) clearInterval(timer);
    this.#traffic.clear();
    await Promise.allSettled(this.#satellites.values());
    await deleteNamespaces((name) => name.startsWith(this.#prefix));
  }

  async #make(satelliteId: string): Promise<void> {
    const bridge = this.#hub(satelliteId);
    await ip('netns', 'add', bridge);
    await ip('-n', bridge, 'link', 'add', 'bridge', 'type', 'bridge');
    await ip('-n', bridge, 'link', 'set', 'bridge', 'up');
    for (const payload of ['SDR', 'SABERTOOTH'] as const) {
      const namespace = this.#namespace({ satelliteId, payload });
      const port = portOf(payload);
      await ip('netns', 'add', namespace);
      await ip('-n', namespace, 'link', 'set', 'lo', 'up');
      await ip('-n', bridge, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      await ip('-n', bridge, 'link', 'set', port, 'master', 'bridge');
      for (const address of ADDRESSES[payload]) {
        await ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
      }
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    }
  }

  /** The namespace in which the payloads of a satellite are joined. */
  #hub(satelliteId: string): string {
    return `${this.#prefix}${satelliteId}`;
  }

  #namespace({ satelliteId, payload }: Pick<Place, 'satelliteId' | 'payload'>): string {
    return `${this.#hub(satelliteId)}-${payload}`;
  }

  #sample(place: Place): void {
    interfaceBytes(this.#hub(place.satelliteId), portOf(place.payload)).then(
      (bytes) => {
        const traffic = this.#traffic.get(place);
        if (traffic !== undefined) traffic.nowBytes = bytes;
      },
      // The namespace went while it was asked after: the next connection counts anew.
      () => {},
    );
  }
}

function portOf(payload: PayloadName): string {
  return payload.toLowerCase();
}

/** Only ports 10000 and above pass; a connection that has moved so many bytes is reset. */
function rules(breaksAfterBytes: number | null): string {
  const breaks =
    breaksAfterBytes === null ? '' : `meta l4proto tcp ct bytes > ${breaksAfterBytes} reject with tcp reset`;
  return `
table inet payload
delete table inet payload
table inet payload {
  chain inbound {
    type filter hook input priority filter
    iif "lo" accept
    meta l4proto { tcp, udp } th dport < ${LOWEST_PORT} reject
    ${breaks}
  }
}
`;
}

async function slow(namespace: string, device: string, bytesPerSecond: number): Promise<void> {
  const rate = ['rate', `${Math.ceil(bytesPerSecond * 8)}bit`, 'burst', '16kb', 'latency', '400ms'];
  await run('tc', ['-n', namespace, 'qdisc', 'replace', 'dev', device, 'root', 'tbf', ...rate]);
}

async function ip(...words: readonly string[]): Promise<string> {
  return (await run('ip', words)).stdout;
}

async function inNamespace(namespace: string, program: 'nft', input: string): Promise<void> {
  const child = run('nsenter', [`--net=/run/netns/${namespace}`, program, '-f', '-']);
  child.child.stdin?.end(input);
  await child;
}

async function interfaceBytes(namespace: string, device: string): Promise<number> {
  const [link] = JSON.parse(await ip('-n', namespace, '-s', '-j', 'link', 'show', 'dev', device));
  // What comes in at the hub's end of the cable is what the payload has sent.
  return link.stats64.rx.bytes;
}

/** Deletes what simulated satellites that run no more have left behind. */
async function deleteLeftovers(): Promise<void> {
  await deleteNamespaces((name) => {
    const pid = NAME.exec(name)?.[1];
    return pid !== undefined && !readdirSync('/proc').includes(pid);
  });
}

async function deleteNamespaces(isMeant: (name: string) => boolean): Promise<void> {
  const names = (await ip('netns', 'list')).split('\n').map((line) => line.split(' ')[0] ?? '');
  for (const name of names.filter(isMeant)) await ip('netns', 'del', name);
}
