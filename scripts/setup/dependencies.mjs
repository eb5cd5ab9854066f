import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { lastLine, modules, Problem, root, say } from './say.mjs'

/** Installs the npm packages of package-lock.json, unless exactly these are there. */
export function ensureDependencies() {
  if (dependenciesMatch()) return
  say('installing the npm packages of package-lock.json (about 640 MB on disk)')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { status, stderr, error } = spawnSync(npm, ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8'
  })
  if (status !== 0) {
    const reason =
      error?.message ?? (stderr.match(/npm error (?!A complete log)(.*)/)?.[1] || lastLine(stderr))
    throw new Problem(
      `npm ci failed (${reason}): see that the npm registry (or a mirror set with npm config set registry) can be reached, then run this again.`
    )
  }
}

/** npm writes node_modules/.package-lock.json last, so a broken installation has none. */
function dependenciesMatch() {
  const installed = readPackages(path.join(modules, '.package-lock.json'))
  const wanted = readPackages(path.join(root, 'package-lock.json'))
  return Object.entries(wanted).every(
    ([place, entry]) =>
      place === '' || entry.optional || entry.devOptional || installed[place]?.version === entry.version
  )
}

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages
  } catch {
    return {}
  }
}
