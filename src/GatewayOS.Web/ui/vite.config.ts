import { defineConfig } from 'vitest/config';

// The pages are served by gatewayd under a policy without inline scripts, styles or data: addresses, so nothing is inlined.
export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: { outDir: 'dist', target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // For work on the pages beside a gatewayd that serves its web page on 127.0.0.1:8443.
  server: { host: '127.0.0.1', proxy: { '/api': { target: 'https://127.0.0.1:8443', secure: false, changeOrigin: true } } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node', env: { TZ: 'Europe/Berlin' } },
});
