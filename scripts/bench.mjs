import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { build } from './build/build.mjs'
import { main, modules, Problem, root, say } from './setup/say.mjs'
import { setUp } from './setup/index.mjs'

const folder = path.join(root, 'bench')

/** `npm run bench [-- NAME …]`: lists the benchmarks, or runs one with what follows its name. */
await main(async () => {
  await setUp({ window: false })
  const names = fs.readdirSync(folder).filter((name) => /\.(ts|mjs)$/.test(name))
  const [wanted, ...rest] = process.argv.slice(2)
  if (!wanted) {
    say(
      `benchmarks: ${names.map((name) => path.parse(name).name).join(', ')}; run one with npm run bench -- NAME`
    )
    return 0
  }
  const file = names.find((name) => path.parse(name).name === wanted)
  if (!file) throw new Problem(`there is no benchmark ${wanted}: npm run bench lists them.`)
  await build(['main'])
  const command = [path.join(modules, 'tsx/dist/cli.mjs'), path.join(folder, file), ...rest]
  return spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }).status ?? 1
})
