import { defineConfig } from 'vite';

// The control plane's console: of the same parts as the appliance's pages, served by gateway-control under the same policy.
export default defineConfig({
  root: 'console',
  publicDir: '../public',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: { outDir: '../dist-console', emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // For work on the console beside a gateway-control that serves it on 127.0.0.1:8452.
  server: { host: '127.0.0.1', proxy: { '/api': { target: 'https://127.0.0.1:8452', secure: false, changeOrigin: true } } },
});
