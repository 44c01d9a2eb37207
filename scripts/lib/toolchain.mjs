// Finds or fetches what everything else runs on: Node 24 and the dependencies. Runs on any Node >= 18.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { say, stop } from './say.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const cacheFolder = path.join(root, '.cds');
const toolchainFolder = path.join(cacheFolder, 'toolchain');
const neededNode = [24, 12];
const nodePackageVersion = '24.21.0';
const npmPackageVersion = '11';

function nodeIsRecent(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > neededNode[0] || (major === neededNode[0] && minor >= neededNode[1]);
}

/** The npm that started us, or the one beside this Node, or the one on the PATH: as a command line. */
function currentNpm() {
  const started = process.env.npm_execpath;
  if (started && /npm-cli\.js$/.test(started)) return [process.execPath, started];
  const beside = path.join(
    path.dirname(process.execPath),
    '..',
    'lib',
    'node_modules',
    'npm',
    'bin',
    'npm-cli.js',
  );
  return existsSync(beside) ? [process.execPath, beside] : ['npm'];
}

function run(command, options = {}) {
  const result = spawnSync(command[0], command.slice(1), { cwd: root, stdio: 'inherit', ...options });
  if (result.error) return { status: 1, error: result.error };
  return result;
}

/** A Node that runs this project, fetched as an npm package when the machine's own is older. */
export function ensureNode() {
  if (nodeIsRecent(process.version)) return { node: process.execPath, npm: currentNpm() };
  const supported = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
  if (!supported) {
    stop({
      en: `This project needs Node ${neededNode.join('.')} or later; this is ${process.version}. Install it from nodejs.org, then run the command again.`,
      de: `Dieses Projekt braucht Node ${neededNode.join('.')} oder neuer; dies ist ${process.version}. Installieren Sie es von nodejs.org und wiederholen Sie den Befehl.`,
    });
  }
  const name = `node-linux-${process.arch}`;
  const node = path.join(toolchainFolder, 'node_modules', name, 'bin', 'node');
  const npm = path.join(toolchainFolder, 'node_modules', 'npm', 'bin', 'npm-cli.js');
  if (
    !existsSync(node) ||
    !existsSync(npm) ||
    !nodeIsRecent(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout || '')
  ) {
    say({
      en: `  Node ${nodePackageVersion} is fetched (this machine has ${process.version}) …`,
      de: `  Node ${nodePackageVersion} wird geholt (dieser Rechner hat ${process.version}) …`,
    });
    mkdirSync(toolchainFolder, { recursive: true });
    writeFileSync(path.join(toolchainFolder, 'package.json'), '{ "private": true }\n');
    const packages = [`${name}@${nodePackageVersion}`, `npm@${npmPackageVersion}`];
    const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
    const result = run([...currentNpm(), 'install', '--prefix', toolchainFolder, ...flags, ...packages], {
      cwd: toolchainFolder,
    });
    if (result.status !== 0 || !existsSync(node)) {
      stop({
        en: 'Node 24 could not be fetched from the npm registry. Check the connection (npm ping), or install Node 24 yourself.',
        de: 'Node 24 konnte nicht von der npm-Registry geholt werden. Prüfen Sie die Verbindung (npm ping) oder installieren Sie Node 24 selbst.',
      });
    }
  }
  return { node, npm: [node, npm] };
}

/** Environment in which child processes find the same Node first, and keep compiled code. */
export function environmentFor(node) {
  return {
    ...process.env,
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH || ''}`,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE || path.join(cacheFolder, 'compile-cache'),
  };
}

function hashOfFiles(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function marker(name) {
  return path.join(cacheFolder, `${name}.sha256`);
}

function isCurrent(name, hash) {
  return existsSync(marker(name)) && readFileSync(marker(name), 'utf8') === hash;
}

/**
 * Installs the dependencies as the lockfile says, when they are not there yet or have changed. Not `npm ci`: a lockfile
 * without download addresses lacks other platforms' optional packages, which `npm ci` refuses and `install` adds.
 */
export function ensureDependencies({ node, npm }) {
  const manifests = [
    'package-lock.json',
    'package.json',
    ...workspaces().map((name) => `${name}/package.json`),
  ];
  const hash = hashOfFiles(manifests.map((name) => path.join(root, name)).filter(existsSync));
  if (existsSync(path.join(root, 'node_modules')) && isCurrent('dependencies', hash)) return;
  say({
    en: '  dependencies are installed (a minute or two, once) …',
    de: '  Abhängigkeiten werden installiert (ein bis zwei Minuten, einmalig) …',
  });
  const result = run([...npm, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    env: environmentFor(node),
  });
  if (result.status !== 0) {
    stop({
      en: 'The dependencies could not be installed; the lines above say why. Check the connection and the free disk space, then run the command again.',
      de: 'Die Abhängigkeiten konnten nicht installiert werden; der Grund steht oben. Prüfen Sie Verbindung und freien Speicherplatz und wiederholen Sie den Befehl.',
    });
  }
  mkdirSync(cacheFolder, { recursive: true });
  writeFileSync(marker('dependencies'), hash);
}

function workspaces() {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).workspaces;
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      if (entry.name === 'node_modules' || entry.name === 'dist') return [];
      const full = path.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(full) : [full];
    })
    .sort();
}

/** Builds the studio when its sources have changed since the last build. */
export function ensureStudio({ node }) {
  const sources = [
    ...filesBelow(path.join(root, 'studio')).filter((file) => !/\.test\.tsx?$/.test(file)),
    ...filesBelow(path.join(root, 'server', 'src', 'base')),
    path.join(root, 'package-lock.json'),
  ];
  const hash = hashOfFiles(sources);
  if (existsSync(path.join(root, 'studio', 'dist', 'index.html')) && isCurrent('studio', hash)) return;
  say({
    en: '  the studio is built (half a minute, once) …',
    de: '  das Studio wird gebaut (eine halbe Minute, einmalig) …',
  });
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const result = run([node, vite, 'build', '--logLevel', 'warn'], {
    cwd: path.join(root, 'studio'),
    env: { ...environmentFor(node), NODE_ENV: 'production' },
  });
  if (result.status !== 0) {
    stop({
      en: 'The studio could not be built; the lines above say why.',
      de: 'Das Studio konnte nicht gebaut werden; der Grund steht oben.',
    });
  }
  writeFileSync(marker('studio'), hash);
}
