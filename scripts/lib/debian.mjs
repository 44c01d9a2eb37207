// Parts that come from the distribution: installed when we may (root on Debian or Ubuntu), else named.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { say } from './say.mjs';

const programs = {
  bubblewrap: 'bwrap',
  chromium: 'chromium',
  git: 'git',
  'redis-server': 'redis-server',
  nginx: 'nginx',
};

function isMissing(name) {
  return spawnSync('sh', ['-c', `command -v ${programs[name] ?? name}`], { stdio: 'ignore' }).status !== 0;
}

/**
 * Installs the named Debian packages whose program is missing. Without the right to, it says what to install and
 * goes on: the platform runs without them, and `cds doctor` shows what that costs.
 */
export function ensureDebianParts(names) {
  const missing = names.filter(isMissing);
  if (missing.length === 0) return;
  const command = `apt-get install -y ${missing.join(' ')}`;
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!mayInstall) {
    say({
      en: `  missing: ${missing.join(', ')}. Some parts stay off until you run: sudo ${command}`,
      de: `  es fehlt: ${missing.join(', ')}. Einige Teile bleiben aus, bis Sie ausführen: sudo ${command}`,
    });
    return;
  }
  say({
    en: `  installing Debian packages: ${missing.join(', ')} …`,
    de: `  Debian-Pakete werden installiert: ${missing.join(', ')} …`,
  });
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    });
  if (install().status !== 0) {
    spawnSync('apt-get', ['update'], { stdio: ['ignore', 'ignore', 'inherit'], env });
    if (install().status !== 0)
      say({
        en: `  that failed; run it yourself: ${command}`,
        de: `  das schlug fehl; führen Sie es selbst aus: ${command}`,
      });
  }
}
