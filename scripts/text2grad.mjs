import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { build } from './build/build.mjs'
import { main, Problem, root } from './setup/say.mjs'
import { setUp } from './setup/index.mjs'

const program = path.join(root, 'out/main/cli.js')

/**
 * `npm run -s text2grad -- COMMAND`: the command line from a checkout. Sets itself up and builds itself when it has
 * to, then becomes the program: same process, so that signals and the exit code are the program's own.
 */
await main(async () => {
  await setUp({ window: false })
  await build(['main'])
  if (!fs.existsSync(program))
    throw new Problem('out/main/cli.js was not built: delete out/ and run this again.')
  process.argv[1] = program
  createRequire(import.meta.url)(program)
})
