import fs from 'node:fs'
import path from 'node:path'

const begin = '<!-- layers: from scripts/layers.mjs, by node scripts/check/layers-cli.mjs --write -->'
const end = '<!-- end of layers -->'

/** The layer table as it stands in ARCHITECTURE.md. */
export function layerTable(layers) {
  const rows = layers.map(({ folder, imports, packages, node }) => [
    `\`${folder}\``,
    imports.join(', ') || 'nothing',
    packages.join(', ') || 'none',
    node ? 'yes' : 'no'
  ])
  const lines = [['folder', 'may import', 'packages', '`node:`'], ['---', '---', '---', '---'], ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function replaced(text, table) {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) return null
  return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`
}

/** A sentence when ARCHITECTURE.md does not hold the table, otherwise null. `write` puts it there. */
export function architectureProblem(folder, layers, write = false) {
  const file = path.join(folder, 'ARCHITECTURE.md')
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
  const wanted = replaced(text, layerTable(layers))
  if (wanted === null) return `ARCHITECTURE.md has no place for the layer table: it wants the line ${begin}`
  if (wanted === text) return null
  if (!write)
    return 'the table in ARCHITECTURE.md is not the one of scripts/layers.mjs: run node scripts/check/layers-cli.mjs --write'
  fs.writeFileSync(file, wanted)
  return null
}
