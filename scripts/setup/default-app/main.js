/**
 * Loads the application named on the command line: `electron [-r MODULE] FOLDER`. Electron's releases bring such a
 * loader; the fallback runtime does not. Playwright hooks itself in with -r.
 */
const { app } = require('electron')
const fs = require('node:fs')
const Module = require('node:module')
const path = require('node:path')

const { preloads, target } = readArguments(process.argv.slice(1))
if (!target) {
  console.error('usage: electron [-r MODULE] FOLDER')
  process.exit(1)
}
if (preloads.length > 0) Module._preloadModules(preloads)
Object.defineProperty(process, 'defaultApp', { enumerable: true, value: true })
load(path.resolve(target))

function readArguments(words) {
  const preloads = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index]
    if (word === '-r' || word === '--require') preloads.push(words[++index])
    else if (word === '-v' || word === '--version') {
      console.log(`v${process.versions.electron}`)
      process.exit(0)
    } else if (!word.startsWith('-')) return { preloads, target: word }
  }
  return { preloads, target: undefined }
}

function load(folder) {
  const description = path.join(folder, 'package.json')
  if (fs.existsSync(description)) {
    const { name, productName, version } = JSON.parse(fs.readFileSync(description, 'utf8'))
    if (version) app.setVersion(version)
    app.name = productName ?? name ?? app.name
    app.setAppPath(folder)
  } else {
    app.setAppPath(path.dirname(Module._resolveFilename(folder, module, true)))
  }
  Module._load(folder, module, true)
}
