import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const modules = resolve(import.meta.dirname, '../../../node_modules')
const electron = join(modules, 'electron/dist')
const driver = join(electron, 'vk_swiftshader_icd.json')
const loader = join(electron, 'libvulkan.so.1')

/**
 * A device that is not the CPU, on any Linux machine: WebGPU over SwiftShader, the software renderer that comes with
 * Electron. The loader must be found when the process starts, hence a process of its own.
 */
describe.skipIf(!existsSync(driver) || !existsSync(loader))('WebGPU in software', () => {
  it('scores and trains as the CPU does', () => {
    const folder = mkdtempSync(join(tmpdir(), 'text2grad-vulkan-'))
    try {
      symlinkSync(realpathSync(loader), join(folder, 'libvulkan.so.1'))
      const printed = execFileSync(
        process.execPath,
        [join(modules, 'tsx/dist/cli.mjs'), join(import.meta.dirname, 'webgpu.program.ts')],
        {
          env: { ...process.env, VK_ICD_FILENAMES: realpathSync(driver), LD_LIBRARY_PATH: folder },
          encoding: 'utf8'
        }
      )
      const differences = JSON.parse(printed) as Record<
        'logProbs' | 'losses' | 'learned' | 'gradients',
        number
      >
      expect(differences.logProbs).toBeLessThan(1e-4)
      expect(differences.losses).toBeLessThan(1e-3)
      expect(differences.learned).toBeGreaterThan(1e-2)
      expect(differences.gradients).toBeLessThan(1e-4)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
