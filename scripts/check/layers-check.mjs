import fs from 'node:fs'
import path from 'node:path'
import { cruise } from 'dependency-cruiser'
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config'
import { layers } from '../layers.mjs'
import { layerRules } from './layer-rules.mjs'

/**
 * What breaks the layer table in `folder` (a checkout, or a test's small copy of one): a list of sentences, empty
 * when nothing does.
 */
export async function layerViolations(folder) {
  const tsConfig = extractTsConfig(path.join(folder, 'tsconfig.json'))
  const options = {
    baseDir: folder,
    validate: true,
    ruleSet: { forbidden: layerRules(layers) },
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'svelte', 'default']
    }
  }
  const { output } = await cruise(['src'], options, undefined, { tsConfig })
  const broken = output.summary.violations.map(
    ({ rule, from, to, cycle }) =>
      `${from} → ${cycle ? cycle.map((step) => step.name ?? step).join(' → ') : to}: ${rule.name}`
  )
  return [...unlisted(folder), ...new Set(broken)]
}

/** A folder that has no row could import anything. */
function unlisted(folder) {
  const names = fs.readdirSync(path.join(folder, 'src'), { withFileTypes: true })
  const listed = new Set(layers.map((layer) => layer.folder.split('/')[0]))
  return names
    .filter((entry) => entry.isDirectory() && !listed.has(entry.name))
    .map((entry) => `src/${entry.name} has no row in scripts/layers.mjs`)
}
