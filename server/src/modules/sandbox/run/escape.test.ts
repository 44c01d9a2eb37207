import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { type SandboxWorld, sandboxWorld } from '../testing/world.ts';

const secret = 'value-that-only-the-server-may-know';
let s: SandboxWorld;

before(async () => {
  process.env.CDS_TEST_SECRET = secret;
  s = await sandboxWorld();
});
after(async () => {
  delete process.env.CDS_TEST_SECRET;
  await s[Symbol.asyncDispose]();
});

/** Runs Python that fills `found`, and gives it back. */
async function probe(code: string): Promise<Record<string, unknown>> {
  const program = `import json, os, sys\nfound = {}\n${code}\nprint(json.dumps(found))`;
  const result = await s.python(program);
  assert.equal(result.exitCode, 0, result.stderr);
  return JSON.parse(result.stdout);
}

const callHelper = `
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(name, number, *args):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    found[name] = 'done' if result >= 0 else os.strerror(ctypes.get_errno())
`;

test('the host’s files are invisible, and nothing but the workspace, /tmp and /dev/shm can be written', async () => {
  const found = await probe(`
found['root'] = sorted(os.listdir('/'))
found['etc'] = sorted(os.listdir('/etc'))
for folder in ['/', '/usr', '/usr/bin', '/etc', '/dev', '/opt', '/opt/node/bin', '/proc', '/proc/sys/kernel', '/run', '/var']:
    try:
        open(folder + '/written', 'w').close(); found['wrote ' + folder] = True
    except OSError: pass
for folder in ['/workspace', '/tmp', '/dev/shm', '/tmp/home']:
    open(folder + '/written', 'w').close()
`);
  assert.deepEqual(
    Object.keys(found).filter((key) => key.startsWith('wrote ')),
    [],
  );
  const expected = new Set([
    'bin',
    'dev',
    'etc',
    'lib',
    'lib32',
    'lib64',
    'libx32',
    'opt',
    'proc',
    'sbin',
    'tmp',
    'usr',
  ]);
  assert.deepEqual(
    (found.root as string[]).filter((name) => !expected.has(name)),
    ['workspace'],
  );
  for (const name of ['shadow', 'machine-id', 'sudoers', 'ssh', 'fstab']) {
    assert.ok(!(found.etc as string[]).includes(name), name);
  }
});

test('kernel settings cannot be written, also when the server runs as root', async () => {
  const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  const found = await probe(`
for file in ['/proc/sys/kernel/core_pattern', '/proc/sys/vm/drop_caches', '/proc/sys/kernel/hostname', '/proc/sysrq-trigger']:
    try:
        open(file, 'w').write('|/workspace/own'); found[file] = 'written'
    except OSError as error: found[file] = 'refused'
for file in ['/proc/kcore', '/proc/keys', '/proc/kallsyms', '/proc/timer_list', '/proc/slabinfo', '/proc/iomem']:
    try: found[file] = len(open(file, 'rb').read(100))
    except OSError: found[file] = 0
`);
  for (const [file, outcome] of Object.entries(found))
    assert.ok(outcome === 'refused' || outcome === 0, file);
  assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), before);
});

test('other processes are invisible and cannot be signalled', async () => {
  const found = await probe(`
found['ids'] = [int(name) for name in os.listdir('/proc') if name.isdigit()]
try: os.kill(${process.pid}, 0); found['server'] = 'reachable'
except OSError: found['server'] = 'no such process'
found['first'] = open('/proc/1/comm').read().strip()
try: found['ofFirst'] = os.listdir('/proc/1/root')
except OSError: found['ofFirst'] = 'refused'
`);
  assert.ok((found.ids as number[]).length <= 3, JSON.stringify(found.ids));
  assert.equal(found.server, 'no such process');
  assert.equal(found.first, 'bwrap');
});

test('every namespace is its own', async () => {
  const kinds = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'];
  const found = await probe(`
for kind in ${JSON.stringify(kinds)}: found[kind] = os.readlink('/proc/self/ns/' + kind)
found['hostname'] = os.uname().nodename
`);
  for (const kind of kinds) assert.notEqual(found[kind], readlinkSync(`/proc/self/ns/${kind}`), kind);
  assert.equal(found.hostname, 'sandbox');
});

test('no environment, no open file and no argument of the server leaks in', async () => {
  const result = await s.shell(
    'env; ls -l /proc/self/fd; cat /proc/1/cmdline /proc/1/environ | tr "\\0" " "',
    {
      env: { GIVEN: 'by the caller' },
    },
  );
  assert.match(result.stdout, /GIVEN=by the caller/);
  assert.doesNotMatch(result.stdout, /CDS_|DATABASE_URL|value-that-only/);
  const descriptors = [...result.stdout.matchAll(/ (\d+) -> (.*)$/gm)].map(([, number, target]) => ({
    number: Number(number),
    target,
  }));
  // 3 is the folder that ls itself reads.
  for (const { number, target } of descriptors)
    assert.ok(number <= 3 || target === '/dev/null', `${number} is ${target}`);
});

test('privileges: none, none to gain, and a filter on system calls', async () => {
  const result = await s.shell('grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status; id -u');
  for (const line of [
    'CapEff:\t0000000000000000',
    'CapBnd:\t0000000000000000',
    'NoNewPrivs:\t1',
    'Seccomp:\t2',
  ]) {
    assert.ok(result.stdout.includes(line), `${line}\n${result.stdout}`);
  }
  assert.match(result.stdout, /^1000$/m);
});

test('system calls that reach around the wall are refused', {
  skip: process.arch !== 'x64' && 'numbers of x86-64',
}, async () => {
  const found = await probe(`${callHelper}
call('unshare user', 272, 0x10000000)
call('unshare mount', 272, 0x20000)
call('clone into a user namespace', 56, 0x10000000 | 17, 0, 0, 0, 0)
call('setns', 308, 0, 0)
call('ptrace', 101, 0, 0, 0, 0)
call('mount', 165, b'none', b'/tmp', b'tmpfs', 0, 0)
call('open_tree', 428, -100, b'/', 0)
call('fsopen', 430, b'tmpfs', 0)
call('chroot', 161, b'/tmp')
call('pivot_root', 155, b'/tmp', b'/tmp')
call('keyctl', 250, 0, -3, 0)
call('add_key', 248, b'user', b'a', b'b', 1, -3)
call('bpf', 321, 0, 0, 0)
call('perf_event_open', 298, 0, 0, -1, -1, 0)
call('userfaultfd', 323, 0)
call('io_uring_setup', 425, 1, 0)
call('name_to_handle_at', 303, -100, b'/', 0, 0, 0)
call('open_by_handle_at', 304, 0, 0, 0)
call('process_vm_readv', 310, 1, 0, 0, 0, 0, 0)
call('syslog', 103, 3, 0, 0)
call('kexec_load', 246, 0, 0, 0, 0)
call('init_module', 175, 0, 0, b'')
call('settimeofday', 164, 0, 0)
call('reboot', 169, 0xfee1dead, 672274793, 0, 0)
call('swapon', 167, b'/tmp/x', 0)
call('personality without random addresses', 135, 0x40000)
`);
  for (const [name, outcome] of Object.entries(found)) assert.equal(outcome, 'Operation not permitted', name);
});

test('sockets to the hypervisor, the kernel’s crypto and raw packets do not exist', async () => {
  const found = await probe(`
import socket
for name, family, kind in [('vsock', 40, 1), ('alg', 38, 5), ('packet', 17, 3), ('bluetooth', 31, 1), ('can', 29, 3)]:
    try: socket.socket(family, kind, 0); found[name] = 'made'
    except OSError as error: found[name] = error.errno
`);
  for (const [name, outcome] of Object.entries(found)) assert.equal(outcome, 97, name);
});

test('a program cannot type into a terminal, and no terminal is given to an ordinary run', async () => {
  const found = await probe(`
import fcntl, pty
master, slave = pty.openpty()
try: fcntl.ioctl(slave, 0x5412, b'x'); found['TIOCSTI'] = 'done'
except OSError as error: found['TIOCSTI'] = error.strerror
try: os.open('/dev/tty', os.O_RDWR); found['tty'] = 'opened'
except OSError: found['tty'] = 'refused'
`);
  assert.deepEqual(found, { TIOCSTI: 'Operation not permitted', tty: 'refused' });
});

test('no set-user-ID file and no device can be left in the workspace', async () => {
  const found = await probe(`
import shutil, stat
shutil.copy('/bin/sh', '/workspace/shell')
for name, change in [
    ('chmod', lambda: os.chmod('/workspace/shell', 0o4755)),
    ('group', lambda: os.chmod('/workspace/shell', 0o2755)),
    ('open', lambda: os.open('/workspace/born', os.O_CREAT | os.O_WRONLY, 0o4755)),
    ('mknod', lambda: os.mknod('/workspace/node', 0o4755 | stat.S_IFREG)),
    ('device', lambda: os.mknod('/workspace/disk', 0o666 | stat.S_IFBLK, os.makedev(8, 0)))]:
    try: change(); found[name] = 'done'
    except OSError as error: found[name] = error.strerror
os.chmod('/workspace/shell', 0o755)
found['ordinary'] = oct(os.stat('/workspace/shell').st_mode & 0o7777)
`);
  const { ordinary, ...refused } = found;
  for (const [name, outcome] of Object.entries(refused))
    assert.equal(outcome, 'Operation not permitted', name);
  assert.equal(ordinary, '0o755');
});

test('without a grant there is no network: no host loopback, no metadata address, no abstract socket, no names', async (t) => {
  const abstract = createServer();
  const name = `cds-test-${process.pid}`;
  await new Promise<void>((resolve) => abstract.listen(`\0${name}`, resolve));
  t.after(() => abstract.close());
  const found = await probe(`
import socket
socket.setdefaulttimeout(2)
def reach(name, family, address):
    try: socket.socket(family, socket.SOCK_STREAM).connect(address); found[name] = 'reached'
    except OSError as error: found[name] = 'refused'
reach('server', socket.AF_INET, ('127.0.0.1', ${new URL(s.world.url).port}))
reach('metadata', socket.AF_INET, ('169.254.169.254', 80))
reach('internet', socket.AF_INET, ('1.1.1.1', 443))
reach('internet6', socket.AF_INET6, ('2606:4700:4700::1111', 443))
reach('abstract', socket.AF_UNIX, '\\0${name}')
try: socket.getaddrinfo('example.org', 80); found['names'] = 'resolved'
except OSError: found['names'] = 'refused'
found['interfaces'] = [name for _, name in socket.if_nameindex()]
`);
  assert.deepEqual(found.interfaces, ['lo']);
  for (const key of ['server', 'metadata', 'internet', 'internet6', 'abstract', 'names']) {
    assert.equal(found[key], 'refused', key);
  }
});

test('another project is invisible', async () => {
  const other = await s.newProject();
  const result = await s.shell(
    `find / -xdev -name '*${other}*' 2>/dev/null; ls /workspace/..; ls /workspace/../..`,
  );
  assert.ok(!result.stdout.includes(other));
});

test('the table of mounts names the own project only, and nothing of the host can be reached by what stands there', async () => {
  // The kernel tells each program where its mounts come from; what it tells must be of no use.
  const other = await s.newProject();
  const found = await probe(`
found['mounts'] = [line.split() for line in open('/proc/self/mountinfo')]
found['reached'] = [name for name in {line[3] for line in found['mounts']} if name != '/' and os.path.lexists('/proc/1/root' + name) and not name.startswith(('/usr', '/bin', '/lib', '/sbin'))]
`);
  const lines = (found.mounts as string[][]).map((line) => line.join(' '));
  const ofData = lines.filter((line) => line.includes(s.world.dataDir));
  assert.ok(!lines.some((line) => line.includes(other)), 'no other project is named');
  for (const line of ofData) {
    assert.match(line, new RegExp(`${s.projectId}|/sandbox/`), line);
  }
  assert.deepEqual(found.reached, [], 'the places named lead nowhere from inside');
});

test('links in the workspace lead to places of the sandbox only', async () => {
  const workspace = workspaceOf(s);
  symlinkSync('/etc/passwd', path.join(workspace, 'passwd-link'));
  symlinkSync(s.world.dataDir, path.join(workspace, 'data-link'));
  const result = await s.shell('cat passwd-link; ls data-link/');
  assert.match(result.stdout, /^user:x:1000/);
  assert.doesNotMatch(result.stdout, /root/);
  assert.match(result.stderr, /data-link/);
  await assert.rejects(s.exec({ command: 'pwd', cwd: 'data-link' }), (error) =>
    isFault(error, 'sandbox.folder_invalid'),
  );
});

test('a working folder outside of the project, or none, is refused with clear words', async () => {
  mkdirSync(path.join(workspaceOf(s), 'inner'), { recursive: true });
  assert.equal((await s.exec({ command: 'pwd', cwd: 'inner' })).stdout, '/workspace/inner\n');
  for (const cwd of ['..', '../../etc', '/etc', 'inner/../..', 'missing', 'README.md']) {
    await assert.rejects(
      s.exec({ command: 'pwd', cwd }),
      (error) => isFault(error, 'sandbox.folder_invalid'),
      cwd,
    );
  }
});

test('a crash leaves no core file', async () => {
  const result = await s.shell('ulimit -c; kill -SEGV $$');
  assert.equal(result.signal, 'SIGSEGV');
  assert.match(result.stdout, /^0\n/);
  assert.deepEqual(
    readdirSync(workspaceOf(s)).filter((name) => name.startsWith('core')),
    [],
  );
});

test('arguments and variables are data: no shell reads them, and too long ones are refused', async () => {
  const nasty = ['$(id)', '`id`', '; id', "'", '"', '\\', '--help', '\n', '*', 'ü€𝄞'];
  const result = await s.exec({
    command: 'node',
    args: ['-p', 'JSON.stringify(process.argv.slice(1))', '--', ...nasty],
  });
  assert.deepEqual(JSON.parse(result.stdout), nasty);
  const long = 'x'.repeat(131_050);
  await assert.rejects(s.exec({ command: 'true', args: [long] }), (error) =>
    isFault(error, 'sandbox.command_too_long'),
  );
  const many = Array.from({ length: 100 }, () => 'y'.repeat(20_000));
  await assert.rejects(s.exec({ command: 'true', args: many }), (error) =>
    isFault(error, 'sandbox.command_too_long'),
  );
  const fits = Array.from({ length: 9 }, () => 'z'.repeat(100_000));
  assert.equal((await s.exec({ command: 'true', args: fits })).exitCode, 0);
  const invalid: Record<string, string>[] = [{ 'A=B': 'x' }, { '': 'x' }, { 'A\0B': 'x' }, { A: 'x\0y' }];
  for (const env of invalid) {
    await assert.rejects(s.exec({ command: 'true', env }), (error) =>
      isFault(error, 'common.invalid_params'),
    );
  }
});

test('variables for the host’s loader do nothing outside of the sandbox', async () => {
  writeFileSync(path.join(workspaceOf(s), 'fake.so'), 'not a library');
  const result = await s
    .exec({
      command: 'sh',
      args: ['-c', 'echo $LD_PRELOAD'],
      env: { LD_PRELOAD: path.join(workspaceOf(s), 'fake.so'), PATH: '/workspace' },
    })
    .catch((error: unknown) => error);
  // With PATH=/workspace there is no sh; what matters is that the host's own shell and bubblewrap were not touched.
  assert.ok(isFault(result, 'sandbox.command_not_found'), String(result));
  const preloaded = await s.exec({
    command: '/bin/sh',
    args: ['-c', 'echo $LD_PRELOAD'],
    env: { LD_PRELOAD: '/workspace/fake.so' },
  });
  assert.equal(preloaded.stdout, '/workspace/fake.so\n');
});

test('whoever is not a member runs nothing and sees nothing', async () => {
  const stranger = s.world.call();
  await assert.rejects(s.exec({ command: 'true' }, stranger), (error) => isFault(error, 'projects.unknown'));
});

function workspaceOf(world: SandboxWorld): string {
  return path.join(world.world.dataDir, 'projects', world.projectId, 'workspace');
}
