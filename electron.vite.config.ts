import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type UserConfig } from 'electron-vite'

/** The oldest runtime that the output must run on: Electron 25 (Node 18.15, Chrome 114). */
const node = 'node18.15'
const chrome = 'chrome114'

/** Native packages and Electron itself stay outside; all else is bundled, so that an ESM-only package runs on an Electron without ESM. */
const external = ['electron', 'better-sqlite3', 'onnxruntime-node']

const entries = (table: Record<string, string>) =>
  Object.fromEntries(Object.entries(table).filter(([, file]) => existsSync(resolve(file))))

const parts: Required<Pick<UserConfig, 'main' | 'preload' | 'renderer'>> = {
  main: {
    build: {
      target: node,
      externalizeDeps: false,
      rolldownOptions: {
        external,
        input: entries({
          index: 'src/main/index.ts',
          'store-worker': 'src/main/store-worker.ts',
          'reading-worker': 'src/app/reading/reading-worker.ts',
          trainer: 'src/trainer/index.ts',
          'trainer-worker': 'src/trainer/worker.ts',
          cli: 'src/cli/index.ts'
        }),
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
}

/** `scripts/build` names the stale parts; without that all three are built. */
const wanted = process.env.TEXT2GRAD_BUILD?.split(',')
const config: UserConfig = Object.fromEntries(
  Object.entries(parts).filter(([part]) => wanted?.includes(part) ?? true)
)

export default defineConfig(config)
