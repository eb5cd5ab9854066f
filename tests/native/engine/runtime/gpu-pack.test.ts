import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkGpuPack, joinGpuPack, type Binding } from '../../../../src/engine/runtime/gpu-pack'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'

const scratch = scratchFolder()
const shared = 'libonnxruntime_providers_shared.so'
const cuda = 'libonnxruntime_providers_cuda.so'
const binding: Binding = { dir: scratch, version: '1.30.0', platform: 'linux/x64' }

/** A folder of empty files, or of files with the given text. */
function folder(name: string, files: Readonly<Record<string, string>>): string {
  const dir = join(scratch, name)
  mkdirSync(dir, { recursive: true })
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    writeFileSync(join(dir, file), text)
  }
  return dir
}

const sound = { [shared]: '', [cuda]: '', VERSION_NUMBER: '1.30.0\n' }

describe('a folder that is said to be a GPU pack', () => {
  const refusal = (dir: string, on: Binding = binding): unknown => {
    try {
      return checkGpuPack(dir, on)
    } catch (error) {
      return error
    }
  }
  test.each([
    ['is not there', () => join(scratch, 'nowhere'), /There is no folder .*nowhere/],
    [
      'has no CUDA library',
      () => folder('empty', { 'readme.txt': '' }),
      /has no libonnxruntime_providers_cuda\.so/
    ],
    [
      'lacks the shared library',
      () => folder('half', { [cuda]: '' }),
      /has no libonnxruntime_providers_shared\.so/
    ],
    [
      'is of another version',
      () => folder('old', { ...sound, VERSION_NUMBER: '1.20.1' }),
      /is of ONNX Runtime 1\.20\.1 and this program has 1\.30\.0/
    ],
    [
      'does not say its version',
      () => folder('silent', { [shared]: '', [cuda]: '' }),
      /does not say which version/
    ]
  ])('that %s is refused with one sentence', (_what, make, sentence) => {
    expect(refusal(make())).toMatchObject({
      code: 'device-unavailable',
      message: expect.stringMatching(new RegExp(`^[^\\n]*${sentence.source}[^\\n]*\\.$`))
    })
  })

  test('is refused on another platform', () => {
    const other = { ...binding, platform: 'darwin/arm64' }
    expect(refusal(folder('pack', sound), other)).toMatchObject({
      message: expect.stringContaining('linux/x64 only')
    })
  })

  test.each([
    ['the libraries and VERSION_NUMBER', sound],
    ['an unpacked archive', { VERSION_NUMBER: '1.30.0', [`lib/${shared}`]: '', [`lib/${cuda}`]: '' }],
    ['the main library with its version', { [shared]: '', [cuda]: '', 'libonnxruntime.so.1.30.0': '' }],
    [
      'an unpacked NuGet package',
      {
        'Microsoft.ML.OnnxRuntime.Gpu.Linux.nuspec': '<metadata><version>1.30.0</version></metadata>',
        [`runtimes/linux-x64/native/${shared}`]: '',
        [`runtimes/linux-x64/native/${cuda}`]: ''
      }
    ]
  ])('is taken as %s', (name, files) => {
    expect(checkGpuPack(folder(name, files), binding)).toMatchObject({ version: '1.30.0' })
  })

  test('is joined with the binding by links, the binding keeping its own libraries', () => {
    const own = folder('binding', { 'onnxruntime_binding.node': '', 'libonnxruntime.so.1': '' })
    const pack = checkGpuPack(
      folder('full', { ...sound, 'libonnxruntime.so.1': '', 'libcudart.so.12': '' }),
      binding
    )
    const joined = joinGpuPack(pack, { ...binding, dir: own })
    expect(readdirSync(joined).sort()).toEqual(
      [shared, cuda, 'libcudart.so.12', 'libonnxruntime.so.1', 'onnxruntime_binding.node'].sort()
    )
    expect(readlinkSync(join(joined, 'libonnxruntime.so.1'))).toContain('binding')
  })
})

interface Found {
  readonly devices: readonly { readonly name: string; readonly usable: boolean; readonly reason?: string }[]
  readonly said: string
}

/** What asking for CUDA, and then the CPU, says in a process of its own: the library can be loaded once. */
function devicesWith(pack: string): Found {
  const program = `require('tsx/cjs')
    const { listDevices } = require(${JSON.stringify(resolve('src/engine/runtime/devices.ts'))})
    listDevices(['cuda', 'cpu']).then((found) => console.log(JSON.stringify(found)))`
  const env = { ...process.env, TEXT2GRAD_GPU_PACK: pack }
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { env, encoding: 'utf8' })
  return { devices: JSON.parse(stdout) as Found['devices'], said: stderr }
}

const hasCompiler = spawnSync('cc', ['--version']).status === 0

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
  'asking for CUDA with a GPU pack',
  () => {
    test('that is unfit says why, and the CPU goes on', () => {
      const [gpu, cpu] = devicesWith(join(scratch, 'not there')).devices
      expect(gpu).toMatchObject({ usable: false, reason: expect.stringContaining('There is no folder') })
      expect(cpu.usable).toBe(true)
    })

    test.skipIf(!hasCompiler)('makes ONNX Runtime load the libraries of the pack', () => {
      const pack = folder('own libraries', { ...sound, 'own.c': source })
      spawnSync('cc', ['-shared', '-fPIC', '-o', join(pack, shared), join(pack, 'own.c')])
      const { devices, said } = devicesWith(pack)
      expect(said).toContain('the pack was loaded')
      expect(devices).toMatchObject([{ usable: false }, { usable: true }])
    })
  }
)

/** A library that is no provider and says that it was loaded. */
const source = `#include <stdio.h>
__attribute__((constructor)) static void loaded(void) { fputs("the pack was loaded", stderr); }
`
