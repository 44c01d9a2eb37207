import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin, type Rollup } from 'vite';

const compressible = /\.(js|css|html|svg|json|webmanifest)$/;
const server = process.env.CDS_DEV_SERVER ?? 'http://127.0.0.1:6711';
const serverPaths = ['/rpc', '/auth', '/admin', '/projects', '/api', '/health', '/.well-known'];

/** Writes .br and .gz beside each text file once, so that the server compresses nothing while it serves. */
function precompress(): Plugin {
  let folder = '';
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      folder = path.resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const files = (await readdir(folder, { recursive: true })).filter((file) => compressible.test(file));
      for (const file of files) {
        const full = path.join(folder, file);
        const brotli = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
        await pipeline(createReadStream(full), brotli, createWriteStream(`${full}.br`));
        await pipeline(createReadStream(full), createGzip({ level: 9 }), createWriteStream(`${full}.gz`));
      }
    },
  };
}

/** Every chunk that a chunk needs before it runs, and their style sheets. */
function neededBy(bundle: Rollup.OutputBundle, names: readonly string[]): Set<string> {
  const files = new Set<string>();
  const visit = (name: string) => {
    const chunk = bundle[name];
    if (chunk?.type !== 'chunk' || files.has(name)) return;
    files.add(name);
    for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style);
    for (const imported of chunk.imports) visit(imported);
  };
  for (const name of names) visit(name);
  return files;
}

/** The views that open without the server. Monaco and the terminal are kept when they were used once. */
const offlineViews =
  /^(?:index|projects-view|welcome-view|workbench-view|changes-panel|history-panel|run-view|account-view)$/;

/** Tells the service worker which files to keep, and gives it a version that changes with them. */
function listStudioFiles(): Plugin {
  return {
    name: 'list-studio-files',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const worker = bundle['service-worker.js'];
      if (worker?.type !== 'chunk') return;
      const entries = Object.values(bundle).filter(
        (file): file is Rollup.OutputChunk => file.type === 'chunk' && offlineViews.test(file.name),
      );
      const files = [
        ...neededBy(
          bundle,
          entries.map((entry) => entry.fileName),
        ),
      ];
      const fonts = Object.keys(bundle).filter((name) => /-latin-wght-normal-[\w-]+\.woff2$/.test(name));
      const kept = [...files, ...fonts, 'boot.js', 'icon.svg', 'app.webmanifest']
        .map((file) => `/${file}`)
        .sort();
      const version = createHash('sha256')
        .update(JSON.stringify(Object.keys(bundle).sort()))
        .digest('hex')
        .slice(0, 16);
      worker.code = worker.code
        .replaceAll('__STUDIO_VERSION__', JSON.stringify(version))
        .replaceAll('__STUDIO_FILES__', JSON.stringify(kept));
    },
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), listStudioFiles(), precompress()],
  build: {
    target: 'es2023',
    sourcemap: false,
    chunkSizeWarningLimit: 4_000,
    rollupOptions: {
      input: { index: 'index.html', 'service-worker': 'src/service-worker/service-worker.ts' },
      output: {
        entryFileNames: (chunk) =>
          chunk.name === 'service-worker' ? 'service-worker.js' : 'assets/[name]-[hash].js',
        // Each file costs a browser about half a millisecond, and there were eighty: what the first load needs is one, what
        // views share is few.
        codeSplitting: {
          groups: [
            { name: 'base', tags: ['$initial'], test: (id) => !/[\\/]service-worker[\\/]/.test(id) },
            { name: 'icons', test: /[\\/]lucide-react[\\/]/, minShareCount: 2 },
          ],
        },
      },
    },
  },
  worker: { format: 'es' },
  server: {
    port: 5173,
    proxy: {
      ...Object.fromEntries(serverPaths.map((prefix) => [prefix, server])),
      '/ws': { target: server, ws: true },
    },
  },
});
