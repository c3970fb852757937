/** Builds the pages into build/renderer: own files only, no inline script or style, so that the hosts' Content-Security-Policy can forbid both. */
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));

// oxlint-disable-next-line import/no-default-export -- vite looks for it
export default defineConfig({
  root: here,
  base: './',
  plugins: [svelte({ configFile: false, compilerOptions: { runes: undefined } })],
  build: {
    outDir: fileURLToPath(new URL('../../build/renderer', import.meta.url)),
    emptyOutDir: true,
    target: 'chrome140',
    modulePreload: { polyfill: false },
    // Nothing as a data: address, fonts and pictures are files.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
  },
});
