import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './launch'

/** Runs the built command line. @throws when it fails */
export function text2grad(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'out/main/cli.js'), ...words], {
    encoding: 'utf8'
  })
  if (status !== 0) throw new Error(`text2grad ${words[0]} exited ${status}: ${stderr}`)
  return stdout
}

/** A project of a few answers, which the window opens at its next start with this `userData`. */
export function projectToOpen(userData: string, answers: readonly string[]): string {
  mkdirSync(userData, { recursive: true })
  const lines = answers.map((response, index) =>
    JSON.stringify({ prompt: `Question ${index + 1}?`, response })
  )
  const source = join(userData, 'answers.jsonl')
  writeFileSync(source, lines.join('\n') + '\n')
  const project = join(userData, 'typing.t2g')
  text2grad('import', source, '--project', project)
  writeFileSync(join(userData, 'last-project.txt'), project)
  return project
}
