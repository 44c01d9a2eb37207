// `npm run new -- <name> [--above <module>]`: scaffolds a module that passes the gate, and enters it where modules are listed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { say, stop } from './lib/say.mjs';
import { root } from './lib/toolchain.mjs';

const [name = '', ...rest] = process.argv.slice(2);
const above = rest[0] === '--above' ? (rest[1] ?? '') : 'sandbox';
const target = process.env.CDS_NEW_ROOT ?? root;
const folder = path.join(target, 'server', 'src', 'modules', name);

if (!/^[a-z][a-z0-9]{1,30}$/.test(name)) {
  stop({
    en: 'Usage: npm run new -- <name> [--above <module>]; the name has lower-case letters and digits only.',
    de: 'Aufruf: npm run new -- <Name> [--above <Modul>]; der Name hat nur Kleinbuchstaben und Ziffern.',
  });
}
if (existsSync(folder)) {
  stop({ en: `The module ${name} exists already.`, de: `Das Modul ${name} gibt es schon.` });
}

const ranksFile = path.join(target, 'scripts', 'ranks.json');
const ranks = JSON.parse(readFileSync(ranksFile, 'utf8'));
const row = ranks.findIndex((modules) => modules.includes(above));
if (row < 0) stop({ en: `There is no module ${above}.`, de: `Ein Modul ${above} gibt es nicht.` });

const Name = name[0].toUpperCase() + name.slice(1);
const files = {
  'contract.ts': `import { z } from 'zod';
import { defineContract } from '#base/contract.ts';

/** What others may ask of ${name}. */
export const ${name}Contract = defineContract('${name}', {
  faults: {
    '${name}.unready': {
      status: 503,
      detail: { en: '${Name} is not ready yet.', de: '${Name} ist noch nicht bereit.' },
      hint: { en: 'Try again in a moment.', de: 'Versuchen Sie es gleich noch einmal.' },
    },
  },
  methods: {
    '${name}.status': {
      summary: 'Tells since when ${name} has been running.',
      access: 'viewer',
      params: z.strictObject({}),
      result: z.object({ startedAt: z.iso.datetime() }),
    },
  },
  events: {},
});
`,
  'service.ts': `export interface ${Name}Service {
  /** Since when the module has been running, in ISO 8601. */
  status(): { startedAt: string };
}

/** The rules of ${name}. */
export function create${Name}(deps: { now: () => number }): ${Name}Service {
  const startedAt = new Date(deps.now()).toISOString();
  return { status: () => ({ startedAt }) };
}
`,
  'module.ts': `import { z } from 'zod';
import { defineModule } from '#kernel/module.ts';
import { ${name}Contract } from './contract.ts';
import { create${Name} } from './service.ts';

/** Wiring only; the rules stand in service.ts. */
export const ${name} = defineModule({
  name: '${name}',
  contract: ${name}Contract,
  needs: {},
  config: z.object({}),
  start: ({ now }) => {
    const service = create${Name}({ now });
    return { handlers: { '${name}.status': () => service.status() } };
  },
});
`,
  'service.test.ts': `import assert from 'node:assert/strict';
import test from 'node:test';
import { testWorld } from '#kernel/testing/world.ts';
import { ${name}Contract } from './contract.ts';
import { ${name} } from './module.ts';

test('tells since when it has been running', async () => {
  await using world = await testWorld([${name}]);
  const { startedAt } = await world.client(${name}Contract).call('${name}.status', {}, world.call());
  assert.ok(Date.parse(startedAt) <= world.clock.now());
});
`,
  'README.md': `# ${name}

What it is for, in a sentence.
Invariants: what always holds.
Failure modes: what happens when something breaks, and who mends it.
`,
};

mkdirSync(folder, { recursive: true });
for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);

ranks.splice(row + 1, 0, [name]);
const rows = ranks.map((modules) => `  [${modules.map((module) => JSON.stringify(module)).join(', ')}]`);
writeFileSync(ranksFile, `[\n${rows.join(',\n')}\n]\n`);

const servicesFile = path.join(target, 'server', 'src', 'processes', 'services.ts');
const lines = readFileSync(servicesFile, 'utf8').split('\n');
const importLine = `import { ${name} } from '../modules/${name}/module.ts';`;
const moduleImports = lines.filter((line) => line.includes("from '../modules/"));
const next = moduleImports.find((line) => line > importLine);
lines.splice(
  next === undefined ? lines.indexOf(moduleImports.at(-1)) + 1 : lines.indexOf(next),
  0,
  importLine,
);
const text = lines
  .join('\n')
  .replace(
    /(allModules: readonly AnyModule\[\] = \[)([^\]]*)\]/,
    // The list ends with a comma where it stands on several lines.
    (_, head, list) => `${head}${list.replace(/,?\s*$/, '')}, ${name}]`,
  )
  .replace(/(name: 'gateway',[^[]*\[)([^\]]*)\]/, (_, head, list) => `${head}${list}, ${name}]`);
writeFileSync(servicesFile, text);

say({
  en: `Module ${name} stands in server/src/modules/${name}. Next: its contract. To offer it to clients, add it to the needs of the gateway.`,
  de: `Das Modul ${name} steht in server/src/modules/${name}. Als Nächstes: sein Vertrag. Für Klienten tragen Sie es in die needs des Gateways ein.`,
});
