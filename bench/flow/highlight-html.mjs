// Colours the code blocks that Hugo left plain: Hugo itself can't use highlight.js. `node highlight-html.mjs FOLDER`
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(process.env.BENCH_PACKAGES);
const highlighter = require('highlight.js');
const { decodeHTML } = require('entities');

const folder = process.argv[2];
const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.html'));
for (const file of files) {
  const full = path.join(folder, file);
  const html = readFileSync(full, 'utf8');
  const coloured = html.replace(
    /<code class="language-([^"]+)"[^>]*>([\s\S]*?)<\/code>/g,
    (block, name, code) => {
      const language = decodeHTML(name);
      if (!highlighter.getLanguage(language)) return block;
      const { value } = highlighter.highlight(decodeHTML(code), { language, ignoreIllegals: true });
      return `<code class="hljs language-${name}">${value}</code>`;
    },
  );
  if (coloured !== html) writeFileSync(full, coloured);
}
