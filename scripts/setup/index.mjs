import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { ensureDependencies } from './dependencies.mjs'
import { ensureElectron, installedElectron } from './electron.mjs'
import { holding } from './lock.mjs'
import { modules, root, say } from './say.mjs'
import { ensureSqlite } from './sqlite.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

/** Lies inside node_modules, so that it goes when they go. */
const stampFile = path.join(modules, '.text2grad-set-up.json')

/**
 * Everything that a fresh clone needs, and nothing twice. `window`: also Electron and what it needs of the system;
 * the command line alone does without.
 */
export async function setUp({ window = true } = {}) {
  if (isDone(window)) return
  await holding('set-up', async () => {
    if (isDone(window)) return
    const started = Date.now()
    ensureSystemPackages({ window, compiler: false })
    ensureDependencies()
    const electron = window ? await ensureElectron() : undefined
    await ensureSqlite(electron)
    fs.writeFileSync(stampFile, JSON.stringify({ key: key(), window: window || hasElectron() }))
    const seconds = Math.round((Date.now() - started) / 1000)
    if (seconds > 2) say(`set-up done in ${seconds} s`)
  })
}

/** A changed lock file, Node or set-up script makes it run again; so does a missing part. */
function key() {
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}`)
  hash.update(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? '')
  const own = path.join(root, 'scripts/setup')
  const files = fs.readdirSync(own).filter((name) => /\.(mjs|h)$/.test(name))
  for (const name of files.sort()) hash.update(fs.readFileSync(path.join(own, name)))
  return hash.update(fs.readFileSync(path.join(root, 'package-lock.json'))).digest('hex')
}

function isDone(window) {
  try {
    const stamp = JSON.parse(fs.readFileSync(stampFile, 'utf8'))
    if (stamp.key !== key() || (window && !stamp.window)) return false
    return !window || hasElectron()
  } catch {
    return false
  }
}

function hasElectron() {
  return Boolean(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? installedElectron())
}
