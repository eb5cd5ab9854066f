import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectAtStart, rememberProject } from '../../../src/main/first-project'

function setting() {
  const folder = mkdtempSync(join(tmpdir(), 'first-'))
  const [userData, resources] = [join(folder, 'user'), join(folder, 'resources')]
  mkdirSync(userData)
  mkdirSync(join(resources, 'sample-project'), { recursive: true })
  return { userData, resources, sample: join(resources, 'sample-project/Sample project.t2g') }
}

describe('the project at start', () => {
  it('is none where there is nothing to open', async () => {
    const { userData, resources } = setting()
    expect(await projectAtStart(userData, resources)).toBeNull()
    expect(await projectAtStart(userData, '/no/such/folder')).toBeNull()
  })

  it('is a copy of the sample at first, made once', async () => {
    const { userData, resources, sample } = setting()
    writeFileSync(sample, 'sample')
    const copy = (await projectAtStart(userData, resources)) as string
    expect(copy).toBe(join(userData, 'projects/Sample project.t2g'))
    writeFileSync(copy, 'what a person made of it')
    expect(await projectAtStart(userData, resources)).toBe(copy)
    expect(readFileSync(copy, 'utf8')).toBe('what a person made of it')
    expect(readFileSync(sample, 'utf8')).toBe('sample')
  })

  it('is the last one afterwards', async () => {
    const { userData, resources, sample } = setting()
    writeFileSync(sample, 'sample')
    await rememberProject(userData, '/elsewhere/mine.t2g')
    expect(await projectAtStart(userData, resources)).toBe('/elsewhere/mine.t2g')
  })
})
