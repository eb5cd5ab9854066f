import path from 'node:path'
import { cache } from '../setup/say.mjs'

/** Electron 35 has Node-API 10, which better-sqlite3's stock binary needs. */
const firstWithStockBinary = 35

const onnx = 'node_modules/onnxruntime-node/bin/napi-v6'
const sqlite = 'node_modules/better-sqlite3'

/** electron-builder's configuration for linux-x64 and the Electron that set-up chose. */
export function configuration({ electronFolder, electronVersion, notices }) {
  const stock = Number(electronVersion.split('.')[0]) >= firstWithStockBinary
  return {
    appId: 'org.text2grad.studio',
    productName: 'Text2Grad Studio',
    copyright: 'The Text2Grad Studio authors, Apache-2.0',
    // A deb must name one; the project has no site.
    extraMetadata: { homepage: 'https://text2grad-studio.invalid', desktopName: 'text2grad-studio.desktop' },
    directories: { output: 'dist', buildResources: 'build' },
    electronDist: electronFolder,
    electronVersion,
    // The native modules are Node-API: nothing is rebuilt against Electron's headers.
    npmRebuild: false,
    afterPack: './build/after-pack.cjs',
    // Pyodide's files are read by a process that may see nothing else.
    asarUnpack: ['**/*.node', '**/node_modules/onnxruntime-node/bin/**', '**/node_modules/pyodide/**'],
    files: [
      'out/**',
      '!out/*.stamp',
      'package.json',
      `!${onnx}/{darwin,win32}/**`,
      `!${onnx}/linux/arm64/**`,
      '!node_modules/pyodide/*.{map,html,d.ts}',
      `!${sqlite}/{deps,src}/**`,
      // A local build wants the C library that it was built with, so where the stock binary loads it is shipped.
      ...(stock ? [`!${sqlite}/build/**`, `!${sqlite}/prebuilds/!(linux-x64)*`] : [`!${sqlite}/prebuilds/**`])
    ],
    extraResources: [{ from: 'resources', to: 'studio' }],
    extraFiles: [
      { from: 'build/text2grad', to: 'text2grad' },
      { from: 'LICENSE', to: 'LICENSE.text2grad-studio.txt' },
      { from: notices, to: 'THIRD-PARTY-NOTICES.txt' }
    ],
    linux: {
      category: 'Science',
      executableName: 'text2grad-studio',
      syncDesktopName: true,
      // Drawn in icon.svg beside it: rsvg-convert -w 512 -h 512 icon.svg -o icon.png
      icon: 'resources/icon/icon.png',
      maintainer: 'The Text2Grad Studio authors <nobody@example.invalid>',
      synopsis: 'Mark spans of model answers and train a language model on your words'
    },
    // xz takes five times as long for a fifth less.
    deb: { compression: 'gz' }
  }
}

export const noticesFile = path.join(cache, 'THIRD-PARTY-NOTICES.txt')
