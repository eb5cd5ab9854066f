import fs from 'node:fs'
import path from 'node:path'
import { cache, say } from './say.mjs'

const alive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return thrown.code === 'EPERM'
  }
}

/** Two commands started together must not install or build into the same folder: the second waits for the first. */
export async function holding(name, work) {
  fs.mkdirSync(cache, { recursive: true })
  const file = path.join(cache, `${name}.lock`)
  let told = false
  while (!take(file)) {
    if (!told) say(`waiting for another text2grad command that is busy with the same (${name})`)
    told = true
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  try {
    return await work()
  } finally {
    fs.rmSync(file, { force: true })
  }
}

function take(file) {
  try {
    fs.writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (thrown) {
    if (thrown.code !== 'EEXIST') throw thrown
  }
  const owner = Number(readOrNothing(file))
  if (owner > 0 && !alive(owner)) fs.rmSync(file, { force: true })
  return false
}

function readOrNothing(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
