import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { build } from './build/build.mjs'
import { configuration, noticesFile } from './dist/configuration.mjs'
import { writeNotices } from './dist/notices.mjs'
import { installedElectron } from './setup/electron.mjs'
import { lastLine, main, Problem, root, say } from './setup/say.mjs'
import { setUp } from './setup/index.mjs'

const allowFallback = '--with-fallback-electron'
const formats = ['dir', 'tar.gz', 'deb']

/** `npm run dist [-- dir tar.gz deb]`: packages for linux-x64 in dist/, made without a download. */
await main(async () => {
  const words = process.argv.slice(2)
  const wanted = words.filter((word) => word !== allowFallback)
  const unknown = wanted.find((word) => !formats.includes(word))
  if (unknown) throw new Problem(`there is no package format ${unknown}: choose from ${formats.join(', ')}.`)
  if (process.platform !== 'linux') throw new Problem('packages are made on Linux only, so far.')

  await setUp()
  const electron = fs.realpathSync(electronExecutable())
  const electronVersion = versionOf(electron)
  if (Number(electronVersion.split('.')[0]) < 35 && !words.includes(allowFallback))
    throw new Problem(
      `Electron ${electronVersion} is past its end of life and meant for this machine only: set ELECTRON_OVERRIDE_DIST_PATH to a current release, or say ${allowFallback} to package it all the same.`
    )
  await build()
  say(`third-party notices: ${writeNotices(noticesFile)} packages`)
  const config = configuration({
    electronFolder: path.dirname(electron),
    electronVersion,
    notices: noticesFile
  })
  await makePackages(wanted.length > 0 ? wanted : formats, config)
  for (const name of fs.readdirSync(path.join(root, 'dist'))) say(`dist/${name}`)
})

function electronExecutable() {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
  return override ? path.join(override, 'electron') : installedElectron()
}

function versionOf(electron) {
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' }
  return execFileSync(electron, ['-p', 'process.versions.electron'], { encoding: 'utf8', env }).trim()
}

/** electron-builder would fetch 7zip and fpm; a package and the system's dpkg-deb do their work. */
async function makePackages(wanted, config) {
  const require = createRequire(import.meta.url)
  process.env.ELECTRON_BUILDER_7ZIP_PATH ??= require('7zip-bin').path7za
  process.env.CUSTOM_FPM_PATH ??= path.join(root, 'build/dpkg-deb.mjs')
  process.env.ELECTRON_BUILDER_COMPRESSION_LEVEL ??= '3'
  fs.chmodSync(process.env.ELECTRON_BUILDER_7ZIP_PATH, 0o755)
  const { Arch, build: package_, Platform } = require('electron-builder')
  const targets = Platform.LINUX.createTarget(wanted, Arch.x64)
  try {
    await package_({ projectDir: root, targets, config, publish: 'never' })
  } catch (thrown) {
    throw new Problem(`electron-builder could not make the packages: ${lastLine(thrown.message)}`)
  }
}
