import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(resolve(root, 'docs/walkthrough.md'), 'utf8')

/** The snippets as one module; a line `expression // → value` records what it found and what it promised. */
function moduleOf(markdown: string): { code: string; promises: number } {
  let promises = 0
  const lines = [...markdown.matchAll(/^```ts\n([^]*?)^```$/gm)].flatMap(([, body]) => body.split('\n'))
  const code = lines.map((line) => {
    const promise = /^(\S.*) \/\/ → (.+)$/.exec(line)
    if (!promise) return line.replace(`'../src/`, `'../../src/`)
    promises++
    return `found.push([${JSON.stringify(promise[1])}, (${promise[1]}), ${promise[2]}])`
  })
  return { code: [...code, 'export { found }'].join('\n'), promises }
}

describe('docs/walkthrough.md', () => {
  it('says what happens', async () => {
    const { code, promises } = moduleOf(page)
    const file = resolve(import.meta.dirname, `walkthrough-${process.pid}.snippets.ts`)
    writeFileSync(file, `const found: [string, unknown, unknown][] = []\n${code}`)
    try {
      const { found } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
        found: [string, unknown, unknown][]
      }
      expect(found.map(([line, value]) => [line, value])).toEqual(
        found.map(([line, , promised]) => [line, promised])
      )
      expect(found).toHaveLength(promises)
      expect(promises).toBeGreaterThan(20)
    } finally {
      rmSync(file, { force: true })
    }
  })

  it('links to files that are there', () => {
    const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => link)
    expect(links.length).toBeGreaterThan(15)
    for (const link of links) expect(existsSync(resolve(root, 'docs', link)), link).toBe(true)
  })
})
