// Builds frontend/ into pbtrain/static/dist: two stylesheets, a small script and those of single pages, one sprite, one favicon, each under a hashed
// name with its .br and .gz beside it (WhiteNoise sends those), and manifest.json, which asset() in templates reads.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig } from 'vite';
import { favicon, sprite } from './frontend/icons.js';

const OUT = 'pbtrain/static/dist';

function drawings() {
  return {
    name: 'drawings',
    generateBundle() {
      for (const [name, source] of [
        ['sprite', sprite()],
        ['favicon', favicon()],
      ]) {
        const hash = createHash('sha256').update(source).digest('base64url').slice(0, 8);
        this.emitFile({ type: 'asset', fileName: `assets/${name}-${hash}.svg`, source });
      }
    },
  };
}

// The content security policy forbids eval, and naming it keeps the minifier from shortening names: htmx's one is cut out.
function noEval() {
  return {
    name: 'no-eval',
    transform(code, id) {
      if (!id.includes('htmx.org')) {
        return null;
      }
      const cut = code.replace('return eval(str)', 'return undefined');
      if (cut === code || /\beval\(/.test(cut)) {
        this.error('htmx has changed the way it evaluates strings: look at it again');
      }
      return { code: cut, map: null };
    },
  };
}

function manifestAndCompressed() {
  return {
    name: 'manifest-and-compressed',
    writeBundle(options, bundle) {
      const manifest = {};
      for (const [file, chunk] of Object.entries(bundle)) {
        const body = Buffer.from(chunk.type === 'chunk' ? chunk.code : chunk.source);
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
        writeFileSync(join(OUT, `${file}.br`), brotliCompressSync(body, { params: quality }));
        writeFileSync(join(OUT, `${file}.gz`), gzipSync(body, { level: 9 }));
        manifest[basename(file).replace(/-[\w-]{8}(?=\.\w+$)/, '')] = { file };
      }
      writeFileSync(join(OUT, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n');
    },
  };
}

export default defineConfig({
  base: './',
  publicDir: false,
  logLevel: 'warn',
  plugins: [noEval(), drawings(), manifestAndCompressed()],
  css: {
    preprocessorOptions: { scss: { loadPaths: ['node_modules'], quietDeps: true, silenceDeprecations: ['import'] } },
  },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: ['chrome109', 'edge109', 'firefox115', 'safari16'],
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: ['app.js', 'live.js', 'study.js', 'work.js', 'door.js', 'scan.js', 'app.scss', 'desk.scss'].map((name) => `frontend/${name}`),
      output: { entryFileNames: 'assets/[name]-[hash].js', assetFileNames: 'assets/[name]-[hash][extname]' },
    },
  },
});
