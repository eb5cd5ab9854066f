import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'electron-vite'

// The oldest runtime that the output must run on: Electron 25 (Node 18.15, Chrome 114).
const node = 'node18.15'
const chrome = 'chrome114'

/** Native packages and Electron itself stay outside; everything else is bundled, so that an ESM-only package runs on an Electron without ESM. */
const external = ['electron', 'better-sqlite3', 'onnxruntime-node']

export default defineConfig({
  main: {
    build: {
      target: node,
      externalizeDeps: false,
      rolldownOptions: {
        external,
        input: {
          index: resolve('src/main/index.ts'),
          'store-worker': resolve('src/main/store-worker.ts'),
          trainer: resolve('src/trainer/index.ts'),
          'trainer-worker': resolve('src/trainer/worker.ts'),
          cli: resolve('src/cli/index.ts')
        },
        output: { format: 'cjs', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' }
      }
    }
  },
  preload: {
    build: {
      target: node,
      externalizeDeps: false,
      rolldownOptions: {
        external,
        input: { index: resolve('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].js' }
      }
    }
  },
  renderer: {
    root: resolve('src/renderer'),
    build: { target: chrome, rolldownOptions: { input: { index: resolve('src/renderer/index.html') } } },
    plugins: [svelte({ configFile: resolve('svelte.config.mjs') })]
  }
})
