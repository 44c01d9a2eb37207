// `npm start`: sets up what is missing, then runs the platform in one process until Ctrl-C.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ensureDebianParts } from './lib/debian.mjs';
import { say } from './lib/say.mjs';
import { ensureDependencies, ensureNode, ensureStudio, environmentFor, root } from './lib/toolchain.mjs';

say({ en: '[1/4] Node', de: '[1/4] Node' });
const toolchain = ensureNode();
say({ en: '[2/4] Dependencies', de: '[2/4] Abhängigkeiten' });
ensureDependencies(toolchain);
ensureDebianParts(['bubblewrap', 'git']);
say({ en: '[3/4] Studio', de: '[3/4] Studio' });
ensureStudio(toolchain);
say({ en: '[4/4] Database and services', de: '[4/4] Datenbank und Dienste' });

const server = spawn(
  toolchain.node,
  [path.join(root, 'cli', 'src', 'main.ts'), 'start', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: environmentFor(toolchain.node),
  },
);
// Ctrl-C reaches the whole foreground group; a signal to this process alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => server.kill(signal));
server.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
