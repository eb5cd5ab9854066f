import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { architectureProblem } from '../../../scripts/check/architecture-table.mjs'
import { layerViolations } from '../../../scripts/check/layers-check.mjs'

const root = resolve(__dirname, '../../..')
let folder: string

/** A checkout of a few files, which break nothing yet. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'layers-'))
  for (const name of ['tsconfig.json', 'tsconfig.base.json']) cpSync(join(root, name), join(folder, name))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  plant('src/pipeline/pure.ts', 'export const one = 1')
  plant('src/store/rows.ts', "import { one } from '../pipeline/pure'\nexport const rows = one")
  plant('src/engine/runtime/session.ts', "import { graph } from '../graph'\nexport const session = graph")
  plant('src/engine/graph.ts', 'export const graph = 1')
  plant(
    'src/jobs/run/train.ts',
    "import { session } from '../../engine/runtime/session'\nexport const train = session"
  )
})
afterEach(() => rmSync(folder, { recursive: true }))

function plant(file: string, text: string): void {
  const place = join(folder, file)
  mkdirSync(dirname(place), { recursive: true })
  writeFileSync(place, text)
}

describe('the layer rules', () => {
  it('let a sound tree pass', async () => {
    expect(await layerViolations(folder)).toEqual([])
  })

  it.each([
    ['a forbidden folder', 'src/pipeline/bad.ts', "import '../store/rows'", 'pipeline imports only itself'],
    [
      'a type from a forbidden folder',
      'src/pipeline/bad.ts',
      "export type { rows } from '../store/rows'",
      'pipeline imports only'
    ],
    ['a forbidden package', 'src/pipeline/bad.ts', "import 'zod'", 'pipeline uses only its packages'],
    ['Node in a pure folder', 'src/formats/bad.ts', "import 'node:fs'", 'formats uses no Node'],
    [
      'a folder inside a folder',
      'src/engine/bad.ts',
      "import './runtime/session'",
      'engine imports only itself'
    ],
    ['the database in the window', 'src/renderer/bad.ts', "import '../store/rows'", 'renderer imports only'],
    ['a file that is not there', 'src/jobs/bad.ts', "import './gone'", 'every import is found'],
    ['itself by a detour', 'src/jobs/bad.ts', "import './bad-too'", 'no circular import'],
    ['anything, from a folder without a row', 'src/helpers/bad.ts', 'export {}', 'has no row']
  ])('find an import of %s', async (_what, file, text, rule) => {
    plant(file, text)
    plant('src/jobs/bad-too.ts', "import './bad'")
    const violations = await layerViolations(folder)
    expect(violations.join('\n')).toContain(rule)
  })

  it('find an import inside a Svelte component', async () => {
    plant(
      'src/renderer/Bad.svelte',
      '<script lang="ts">\n  import { rows } from \'../store/rows\'\n</script>\n{rows}'
    )
    expect((await layerViolations(folder)).join()).toContain('src/renderer/Bad.svelte → src/store/rows.ts')
  })
})

describe('the table in ARCHITECTURE.md', () => {
  const rows = [{ folder: 'pipeline', imports: [], packages: ['diff'], node: false }]
  const begin = '<!-- layers: from scripts/layers.mjs, by node scripts/check/layers-cli.mjs --write -->'

  it('must be there, must be right, and can be written', () => {
    expect(architectureProblem(folder, rows)).toContain('no place for the layer table')
    plant('ARCHITECTURE.md', `before\n${begin}\nold\n<!-- end of layers -->\nafter\n`)
    expect(architectureProblem(folder, rows)).toContain('is not the one')
    expect(architectureProblem(folder, rows, true)).toBeNull()
    expect(architectureProblem(folder, rows)).toBeNull()
    const text = readFileSync(join(folder, 'ARCHITECTURE.md'), 'utf8')
    expect(text).toContain('| `pipeline` | nothing | diff | no |')
    expect(text).toMatch(/^before\n[^]*after\n$/)
  })
})
