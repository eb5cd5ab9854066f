import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Annotator } from '../../../../src/app/annotate/annotator'
import { checkProject } from '../../../../src/app/check'
import { exportFile } from '../../../../src/app/export-file'
import { importBeside, importIntoFile } from '../../../../src/app/import-file'
import { countAll } from '../../../../src/store/counts'
import { openProject } from '../../../../src/store/project'
import { fill } from '../../store/example'
import { temporaryFolder } from '../../store/temporary-folder'

const at = temporaryFolder()

function manyLines(name: string, count: number): string {
  const records = Array.from({ length: count }, (_, n) => ({
    prompt: `Prompt ${n % 100}`,
    response: `Answer ${n}: ${'words '.repeat(20)}`,
    ...(n % 10 === 0 ? { spans: [{ quote: `${n}:`, label: -1 }] } : {})
  }))
  writeFileSync(at(name), records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return at(name)
}

describe('an import beside people at work', () => {
  it('lets them go on, and joins what they did', async () => {
    const file = manyLines('many.jsonl', 5000)
    const project = openProject(at('p.t2g'), { create: true })
    const [, plain] = fill(project)
    const annotator = new Annotator(project, 'Anna')
    let importing = true
    const progress: number[] = []
    const done = importBeside(project, file, { onProgress: ({ done }) => progress.push(done) }).finally(
      () => {
        importing = false
      }
    )
    let changes = 0
    let longest = 0
    while (importing) {
      const start = performance.now()
      await new Promise(setImmediate)
      if (importing && changes < 50)
        annotator.apply(plain, { type: 'set-critique', critique: `typed ${++changes}` })
      longest = Math.max(longest, performance.now() - start)
    }
    expect(await done).toMatchObject({
      documents: 100,
      responses: 5000,
      annotations: 500,
      spans: 500,
      rejected: []
    })
    expect(changes).toBeGreaterThan(1)
    expect(progress.length).toBeGreaterThan(2)
    // milliseconds that someone waited, at most; the joining is the longest
    expect(longest).toBeLessThan(3000)
    expect(countAll(project.db)).toMatchObject({
      documents: 101,
      responses: 5002,
      annotations: 502,
      spans: 502
    })
    expect(annotator.open(plain).annotations[0].critique).toBe(`typed ${changes}`)
    expect((await checkProject(project)).problems).toEqual([])
    // the same file again adds nothing
    expect(await importBeside(project, file)).toMatchObject({
      documents: 0,
      responses: 0,
      annotations: 0,
      known: 5500
    })
    project.close()
    expect(readdirSync(dirname(file)).sort()).toEqual(['many.jsonl', 'p.t2g'])
  })

  it('equals an import into a closed project', async () => {
    const file = manyLines('many.jsonl', 300)
    await importIntoFile(file, at('a.t2g'))
    const project = openProject(at('b.t2g'), { create: true })
    await importBeside(project, file)
    project.close()
    const hashes = []
    for (const name of ['a.t2g', 'b.t2g']) {
      await exportFile(at(name), at('out.jsonl'))
      hashes.push(
        createHash('sha256')
          .update(readFileSync(at('out.jsonl')))
          .digest('hex')
      )
    }
    expect(hashes[1]).toBe(hashes[0])
  })

  it('leaves nothing when it is cancelled, or when the disk is full', async () => {
    const file = manyLines('many.jsonl', 3000)
    const project = openProject(at('p.t2g'), { create: true })
    fill(project)
    const before = countAll(project.db)
    const signal = { aborted: false }
    const cancelled = importBeside(project, file, {
      signal,
      onProgress: ({ unit }) => void (signal.aborted ||= unit === 'records')
    })
    await expect(cancelled).rejects.toMatchObject({
      code: 'cancelled',
      message: expect.stringContaining('many.jsonl')
    })
    expect(countAll(project.db)).toEqual(before)
    // the joining meets the end of the disk
    project.db.pragma(`max_page_count = ${String(project.db.pragma('page_count', { simple: true }))}`)
    await expect(importBeside(project, file)).rejects.toMatchObject({ code: 'disk-full' })
    expect(countAll(project.db)).toEqual(before)
    project.close()
    expect(readdirSync(dirname(file)).sort()).toEqual(['many.jsonl', 'p.t2g'])
  })
})

describe('an import into a file', () => {
  it('that is cancelled leaves no project', async () => {
    const file = manyLines('many.jsonl', 3000)
    const signal = { aborted: false }
    const onProgress = ({ unit }: { unit: string }): void => void (signal.aborted ||= unit === 'records')
    await expect(importIntoFile(file, at('new.t2g'), { signal, onProgress })).rejects.toMatchObject({
      code: 'cancelled'
    })
    expect(readdirSync(dirname(file))).toEqual(['many.jsonl'])
  })
})

describe('an export', () => {
  it('that cannot be written leaves no file, and the one before as it was', async () => {
    await importIntoFile(manyLines('many.jsonl', 100), at('p.t2g'))
    writeFileSync(at('out.jsonl'), 'what was there')
    let writes = 0
    const writeBytes = (_handle: number, bytes: Uint8Array): number => {
      if (++writes > 3) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      return bytes.length
    }
    await expect(exportFile(at('p.t2g'), at('out.jsonl'), { writeBytes })).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('out.jsonl')
    })
    expect(readFileSync(at('out.jsonl'), 'utf8')).toBe('what was there')
    expect(readdirSync(dirname(at('x'))).sort()).toEqual(['many.jsonl', 'out.jsonl', 'p.t2g'])
  })
})
