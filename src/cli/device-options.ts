import { Option, type Command } from 'commander'
import { resolve } from 'node:path'
import { baseForms, deviceNames } from '../contract/run-config'
import { useGpuPack } from '../jobs/model/devices'
import { wholeNumber } from './arguments'

/** What the options below give. */
export interface DeviceWords {
  readonly device: string
  readonly threads: number
  readonly spinning?: boolean
  readonly fallback?: 'cpu'
}

/** Where and how to compute, for every command that runs a model. */
export const deviceOptions = (command: Command, what = 'where to compute'): Command =>
  gpuPackOption(command)
    .addOption(new Option('--device <name>', what).choices([...deviceNames]).default('cpu'))
    .addOption(new Option('--fallback <name>', 'compute there if the device cannot be used').choices(['cpu']))
    .option('--threads <n>', 'threads within an operator', wholeNumber(1, 1024), 2)
    .option('--spinning', 'threads that wait spin: faster on a machine that does nothing else')
    .option('--no-spinning', 'threads that wait sleep')

/** How the model's own weights are held, for commands that only read with it. */
export const baseOption = (): Option =>
  new Option(
    '--base <form>',
    'the model in memory: in full, in the 16 bits that its files have, or rounded to 4 bits'
  ).choices([...baseForms])

/** Heard while the words are parsed, because the library can be loaded once and from one place. */
export const gpuPackOption = (command: Command): Command =>
  command.option('--gpu-pack <dir>', "a folder with ONNX Runtime's CUDA libraries", (dir: string) => {
    useGpuPack(resolve(dir))
    return dir
  })
