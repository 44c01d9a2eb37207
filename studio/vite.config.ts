import { createReadStream, createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const compressible = /\.(js|css|html|svg|json|webmanifest)$/;
const server = process.env.CDS_DEV_SERVER ?? 'http://127.0.0.1:6711';

/** Writes .br and .gz beside each text file once, so that the server compresses nothing while it serves. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    async closeBundle() {
      const folder = path.resolve(import.meta.dirname, 'dist');
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

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress()],
  build: { target: 'es2023', sourcemap: false, chunkSizeWarningLimit: 4000 },
  worker: { format: 'es' },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ['/rpc', '/auth', '/admin', '/projects', '/health']
        .map((prefix) => [prefix, server] as const)
        .concat([]),
    ),
  },
});
