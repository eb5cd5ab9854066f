import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const root = resolve(__dirname, '../../..')
mkdirSync(join(root, '.cache'), { recursive: true })
const folder = mkdtempSync(join(root, '.cache/planted-'))
afterAll(() => rmSync(folder, { recursive: true }))

const component = (initial: string) =>
  `<script lang="ts">\n  let count: number = $state(${initial})\n</script>\n\n<button onclick={() => count++}>{count}</button>\n`

describe('svelte-check', () => {
  it('finds a type error planted in a component, and none in its twin', () => {
    writeFileSync(join(folder, 'Sound.svelte'), component('0'))
    writeFileSync(join(folder, 'Planted.svelte'), component("'zero'"))
    const configuration = { extends: '../../tsconfig.renderer.json', include: ['./*'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
    const program = join(root, 'node_modules/svelte-check/bin/svelte-check')
    const { status, stdout } = spawnSync(
      process.execPath,
      [program, '--workspace', folder, '--tsconfig', join(folder, 'tsconfig.json'), '--output', 'machine'],
      { cwd: root, encoding: 'utf8' }
    )
    expect(stdout).toMatch(/ERROR "Planted\.svelte" 2:\d+ "Type 'string' is not assignable to type 'number'/)
    expect(stdout).not.toContain('Sound.svelte" ')
    expect(status).toBe(1)
  })
})
