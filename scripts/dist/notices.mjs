import fs from 'node:fs'
import path from 'node:path'
import { layers } from '../layers.mjs'
import { modules, root } from '../setup/say.mjs'

/**
 * The notices of everything that is shipped: what package.json installs at run time, what the layer table lets into
 * the bundles, and what those need in turn.
 */
export function writeNotices(file) {
  const { dependencies } = readPackage(root)
  const bundled = layers.flatMap(({ packages }) => packages).filter((name) => name !== 'electron')
  const found = new Map()
  for (const name of [...Object.keys(dependencies), ...bundled.flatMap(expandScope)])
    visit(name, modules, found)
  const notices = [...found.values()].sort((a, b) => (a.title < b.title ? -1 : 1))
  const text = notices.map(
    ({ title, licence }) => `${title}\n${'='.repeat(title.length)}\n\n${licence.trim()}\n`
  )
  fs.writeFileSync(file, text.join('\n\n'))
  return notices.length
}

/** The table allows a whole scope by its name; package.json says which packages of it are used. */
function expandScope(name) {
  if (!name.startsWith('@') || name.includes('/')) return [name]
  return Object.keys(readPackage(root).devDependencies).filter((other) => other.startsWith(`${name}/`))
}

function visit(name, from, found) {
  const folder = locate(name, from)
  if (!folder || found.has(folder)) return
  const description = readPackage(folder)
  const file = fs.readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry))
  const licence = file ? fs.readFileSync(path.join(folder, file), 'utf8') : `Licence: ${description.license}`
  found.set(folder, { title: `${name} ${description.version} (${description.license})`, licence })
  for (const needed of Object.keys(description.dependencies ?? {}))
    visit(needed, path.join(folder, 'node_modules'), found)
}

/** Node's own search: the package's node_modules, then those of the folders above it. */
function locate(name, from) {
  for (let place = from; ; place = path.join(place, '../..', 'node_modules')) {
    const folder = path.join(place, name)
    if (fs.existsSync(path.join(folder, 'package.json'))) return folder
    if (path.resolve(place) === modules || !place.startsWith(modules)) break
  }
  const top = path.join(modules, name)
  return fs.existsSync(path.join(top, 'package.json')) ? top : null
}

function readPackage(folder) {
  return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))
}
