/** Turns the layer table into dependency-cruiser rules. */
export function layerRules(layers) {
  return [...layers.flatMap((layer) => rulesOf(layer, layers)), ...everywhere]
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
const inFolder = (folder) => `^src/${escaped(folder)}/`
const inPackage = (name) => `node_modules/${escaped(name)}`

/** A row about `engine/runtime` takes that folder out of the row about `engine`. */
const without = (layer, layers) =>
  layers.filter(({ folder }) => folder.startsWith(`${layer.folder}/`)).map(({ folder }) => inFolder(folder))

function rulesOf(layer, layers) {
  const inside = without(layer, layers)
  // Declarations name the types of tools; nothing of theirs is built in.
  const from = { path: inFolder(layer.folder), pathNot: [...inside, '\\.d\\.ts$'] }
  const allowed = [layer.folder, ...layer.imports]
  const forbidden = layers.filter(({ folder }) => !allowed.includes(folder))
  const packages = layer.packages.map(inPackage)
  const rules = [
    rule(`${layer.folder} imports only ${layer.imports.join(', ') || 'itself'}`, from, {
      path: forbidden.map(({ folder }) => inFolder(folder)),
      // A folder allowed as a whole is allowed with the folders inside it that have a row of their own.
      // A folder inside another is allowed itself even where the outer one is not.
      pathNot: [...layer.imports, ...(layer.folder.includes('/') ? [layer.folder] : [])].map(inFolder)
    }),
    rule(`${layer.folder} uses only its packages`, from, { path: 'node_modules/', pathNot: packages })
  ]
  return layer.node
    ? rules
    : [...rules, rule(`${layer.folder} uses no Node`, from, { dependencyTypes: ['core'] })]
}

const everywhere = [
  rule('no circular import', { path: '^src/' }, { circular: true }),
  rule('every import is found', { path: '^src/', pathNot: '\\.d\\.ts$' }, { couldNotResolve: true })
]

function rule(name, from, to) {
  return { name, severity: 'error', from, to }
}
