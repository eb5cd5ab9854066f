import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Device, Doctor } from '../contract/ipc'
import { machineMemory } from './runs/memory'
import { sqliteVersion } from '../store/database'

/**
 * What this machine can do. `devices` is what the trainer found by trying; without it, what the installed files say
 * (ONNX Runtime itself is loaded in the trainer only).
 */
export function doctor(devices: readonly Device[] = installedDevices()): Doctor {
  return {
    node: process.versions.node,
    electron: process.versions.electron ?? null,
    onnxruntime: runtimeFolder()?.version ?? 'missing',
    sqlite: sqliteVersion(),
    devices,
    memoryBytes: machineMemory()
  }
}

/** Devices by the libraries that lie beside ONNX Runtime's binding. */
export function installedDevices(): Device[] {
  const files = libraries()
  if (files.length === 0)
    return [{ name: 'cpu', usable: false, reason: 'ONNX Runtime has no library for this platform.' }]
  const cuda = files.some((name) => name.includes('onnxruntime_providers_cuda'))
  return [
    { name: 'cpu', usable: true },
    cuda
      ? { name: 'cuda', usable: true }
      : { name: 'cuda', usable: false, reason: 'The CUDA provider library (GPU pack) is not installed.' },
    { name: 'webgpu', usable: false, reason: 'Not tried here; a run that asks for it tries it.' },
    process.platform === 'win32'
      ? { name: 'dml', usable: true }
      : { name: 'dml', usable: false, reason: 'DirectML exists on Windows only.' },
    process.platform === 'darwin'
      ? { name: 'coreml', usable: true }
      : { name: 'coreml', usable: false, reason: 'Core ML exists on macOS only.' }
  ]
}

function libraries(): string[] {
  const bin = join(runtimeFolder()?.folder ?? '', 'bin')
  if (!existsSync(bin)) return []
  return readdirSync(bin).flatMap((abi) => {
    const folder = join(bin, abi, process.platform, process.arch)
    return existsSync(folder) ? readdirSync(folder) : []
  })
}

function runtimeFolder(): { folder: string; version: string } | null {
  try {
    const require = createRequire(join(__dirname, 'package.json'))
    const manifest = require.resolve('onnxruntime-node/package.json')
    const { version } = require(manifest) as { version: string }
    return { folder: dirname(manifest), version }
  } catch {
    return null
  }
}
