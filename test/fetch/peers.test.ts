import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort, listening } from '../support/agent.ts';
import { desk, noise, sha256, staged } from '../support/fetching.ts';
import { startProgram } from '../support/program.ts';
import { cut } from '../support/relay/cut.ts';
import { relay } from '../support/relay/relay.ts';
import { type Program, program, requires } from '../support/requirement.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A web server of others, as it is run on a directory, by whoever runs the tests, with nothing of the system's own. */
interface OtherServer {
  readonly name: string;
  readonly program: Program;
  /** Its arguments; `scratch` is a directory for its configuration and what else it writes. */
  readonly args: (root: string, port: number, scratch: string) => readonly string[];
  /** Whether it lets bytes be joined: a strong entity tag, and a part that carries it. */
  readonly resumes: boolean;
  /** Whether it lists directories. */
  readonly lists: boolean;
}

const written = (scratch: string, name: string, text: string): string => {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
};

const SERVERS: readonly OtherServer[] = [
  {
    name: 'nginx',
    program: program('nginx', 'nginx-light'),
    args: (root, port, scratch) => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `${kind}_temp_path ${scratch}/${kind};`)
        .join(' ');
      // One process: a worker outlives a master that is killed.
      const text = `daemon off; pid ${scratch}/pid; error_log ${scratch}/error.log; master_process off; events {}
        http { access_log off; ${temporary}
        server { listen 127.0.0.1:${port}; root ${root}; autoindex on; autoindex_format json; } }`;
      return ['-c', written(scratch, 'nginx.conf', text), '-e', `${scratch}/error.log`];
    },
    resumes: true,
    lists: true,
  },
  {
    name: 'lighttpd',
    program: program('lighttpd'),
    args: (root, port, scratch) => {
      const text = `server.document-root = "${root}"\nserver.bind = "127.0.0.1"\nserver.port = ${port}\nserver.modules = ("mod_dirlisting")\nmimetype.assign = ("" => "application/octet-stream")\ndir-listing.activate = "enable"\n`;
      return ['-D', '-f', written(scratch, 'lighttpd.conf', text)];
    },
    resumes: true,
    lists: true,
  },
  {
    name: 'Apache',
    program: program('apache2'),
    args: (root, port, scratch) => {
      const modules = ['mpm_event', 'authz_core', 'dir', 'autoindex']
        .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
        .join('\n');
      const text = `ServerRoot ${scratch}\nServerName localhost\nListen 127.0.0.1:${port}\nPidFile ${scratch}/pid\nErrorLog ${scratch}/error.log\nDefaultRuntimeDir ${scratch}\nUser #65534\nGroup #65534\n${modules}\nDocumentRoot ${root}\n<Directory ${root}>\nOptions Indexes\nRequire all granted\n</Directory>\n`;
      return ['-X', '-f', written(scratch, 'apache.conf', text)];
    },
    resumes: true,
    lists: true,
  },
  {
    name: 'Caddy',
    program: program('caddy'),
    args: (root, port, scratch) => {
      const text = `{\nadmin off\nauto_https off\nstorage file_system ${scratch}\n}\nhttp://127.0.0.1:${port} {\nroot * ${root}\nfile_server browse\n}\n`;
      return ['run', '--adapter', 'caddyfile', '--config', written(scratch, 'Caddyfile', text)];
    },
    resumes: true,
    lists: true,
  },
  {
    name: 'busybox httpd',
    program: program('busybox'),
    args: (root, port) => ['httpd', '-f', '-p', `127.0.0.1:${port}`, '-h', root],
    resumes: true,
    lists: false,
  },
  {
    name: 'python3 -m http.server',
    program: program('python3'),
    args: (root, port) => ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--directory', root],
    resumes: false,
    lists: true,
  },
  {
    name: 'webfs',
    program: program('webfsd', 'webfs'),
    args: (root, port) => ['-F', '-p', String(port), '-i', '127.0.0.1', '-r', root],
    resumes: false,
    lists: true,
  },
];

const SIZE_BYTES = 6_000_000;

describe.each(SERVERS)('$name as the server', ({ program: server, args, resumes, lists }) => {
  it('has its files delivered, verified by length, and resumed where it allows that', requires(server), async () => {
    const root = temporaryDirectory();
    const content = new Map([
      ['big', noise(SIZE_BYTES)],
      ['a b', noise(1000)],
      ['empty', Buffer.alloc(0)],
    ]);
    mkdirSync(join(root, 'd'));
    // Apache does not serve as root.
    chmodSync(root, 0o755);
    for (const [name, bytes] of content) {
      writeFileSync(join(root, 'd', name), bytes);
      // A file that was written just now has no strong entity tag on an honest server.
      utimesSync(join(root, 'd', name), 1_600_000_000, 1_600_000_000);
    }
    const port = await freePort();
    startProgram(server.path, args(root, port, temporaryDirectory()), { cwd: '/' });
    await listening(port);
    const url = `http://127.0.0.1:${port}`;

    const { run, read, report } = desk();
    const sources = lists ? [`${url}/d/`] : [...content.keys()].map((name) => `${url}/d/${encodeURIComponent(name)}`);
    expect((await run([...sources, '--keep-tree'])).code).toBe(0);
    for (const file of report().files) {
      const name = decodeURIComponent(file.source.slice(file.source.lastIndexOf('/') + 1));
      expect(file).toMatchObject({
        state: 'delivered',
        verified: 'length',
        sha256: sha256(content.get(name) ?? noise(1)),
      });
      expect(sha256(read(file.output.slice(file.output.indexOf('/outbox/') + 8)))).toBe(file.sha256);
    }
    expect(report().totals.delivered).toBe(3);

    const link = await relay(port, cut({ leastBytes: 4_000_000, mostBytes: 4_000_001 }));
    const { state, start, run: runAgain, read: readAgain, report: reportAgain } = desk();
    const first = start([`${link.url}/d/big`, '-o', 'big']);
    await staged(state, 3_000_000);
    first.child.kill('SIGKILL');
    await first.exit;
    link.inject(null);
    expect((await runAgain([`${link.url}/d/big`, '-o', 'big'])).code).toBe(0);
    expect(readAgain('big').equals(content.get('big') ?? noise(1))).toBe(true);
    expect(reportAgain().totals.reusedBytes > 0).toBe(resumes);
  });
});
