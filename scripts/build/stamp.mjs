import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { root } from '../setup/say.mjs'

const configuration = ['electron.vite.config.ts', 'svelte.config.mjs', 'package.json', 'package-lock.json']

/** What is built, and the folders of src that each part is made of (all but `without`). */
export const parts = {
  main: { without: ['renderer', 'preload'] },
  preload: { only: ['preload', 'contract'] },
  renderer: { only: ['renderer', 'contract', 'pipeline'] }
}

/** A hash of the content of everything that goes into a part. */
export function stampOf(part) {
  const { only, without } = parts[part]
  const folders = only ?? fs.readdirSync(path.join(root, 'src')).filter((name) => !without.includes(name))
  const hash = createHash('sha256')
  for (const file of [...configuration, ...folders.sort().flatMap((name) => filesIn(`src/${name}`))])
    hash
      .update(file)
      .update('\0')
      .update(fs.readFileSync(path.join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

function filesIn(place) {
  const absolute = path.join(root, place)
  if (!fs.existsSync(absolute)) return []
  if (!fs.statSync(absolute).isDirectory()) return [place]
  const names = fs.readdirSync(absolute).sort()
  return names.flatMap((name) => filesIn(`${place}/${name}`))
}
