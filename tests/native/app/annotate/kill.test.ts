import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { Annotator } from '../../../../src/app/annotate/annotator'
import { checkProject } from '../../../../src/app/check'
import { openProject } from '../../../../src/store/project'
import { fill } from '../../store/example'
import { temporaryFolder } from '../../store/temporary-folder'

const at = temporaryFolder()

/** Kills the typing process without warning once it has acknowledged `enough` changes; the last one it acknowledged. */
function typeUntilKilled(file: string, responseId: string, enough: number): Promise<number> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', resolve(import.meta.dirname, 'typing.program.ts'), file, responseId],
    {
      cwd: resolve(import.meta.dirname, '../../../..'),
      stdio: ['ignore', 'pipe', 'inherit']
    }
  )
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
    if (said.split('\n').length > enough) child.kill('SIGKILL')
  })
  return new Promise((done) => child.on('close', () => done(Number(said.split('\n').at(-2)))))
}

it('every change that was acknowledged is there after the process is killed', async () => {
  const file = at('p.t2g')
  const project = openProject(file, { create: true })
  const [, plain] = fill(project)
  project.close()
  const last = await typeUntilKilled(file, plain, 25)
  expect(last).toBeGreaterThanOrEqual(25)

  // the dead writer's lock is taken over
  const again = openProject(file)
  const annotator = new Annotator(again, 'Anna')
  const [own] = annotator.open(plain).annotations
  const typed = Number(own.critique.replace('typed ', ''))
  expect(typed).toBeGreaterThanOrEqual(last)
  expect((await checkProject(again)).problems).toEqual([])
  annotator.undo()
  expect(annotator.open(plain).annotations[0]).toMatchObject({ critique: '', spans: [{ spanId: 'first' }] })
  again.close()
})
