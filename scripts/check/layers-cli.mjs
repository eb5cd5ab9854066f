import { layers } from '../layers.mjs'
import { root } from '../setup/say.mjs'
import { architectureProblem } from './architecture-table.mjs'
import { layerViolations } from './layers-check.mjs'

/**
 * `node scripts/check/layers-cli.mjs [--write]`: exits 1 with one line for each break of the layer table, or when
 * ARCHITECTURE.md does not show it; `--write` puts it there.
 */
const write = process.argv.includes('--write')
const problems = [...(await layerViolations(root)), architectureProblem(root, layers, write)].filter(Boolean)
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0
