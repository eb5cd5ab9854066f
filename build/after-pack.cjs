const fs = require('node:fs')
const path = require('node:path')

/** Development's loader has no place in a package: the program starts from its own app.asar. */
exports.default = async ({ appOutDir }) => {
  fs.rmSync(path.join(appOutDir, 'resources/default_app.asar'), { force: true })
}
