import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { float32, int64, type HostTensor, type ParameterSet } from '../../../../src/engine/graph'
import type { DecoderConfig } from '../../../../src/engine/models/decoder-config'
import type { Lora } from '../../../../src/engine/models/model'
import { loraShapes } from '../../../../src/engine/models/parameters'

/** expected.json of a case, which scripts/golden/families/make.py makes with PyTorch in float64. */
interface Expected {
  readonly ids: readonly (readonly number[])[]
  /** Numbers of single precision in base64. */
  readonly logits_f32: string
  readonly lora: {
    readonly rank: number
    readonly alpha: number
    readonly rslora?: boolean
    readonly modules: readonly string[]
    readonly parameters: Readonly<Record<string, string>>
    readonly logits_f32: string
    /** The mean over all positions but the last of -log p(next token), with the adapter. */
    readonly loss: number
    readonly gradients: Readonly<Record<string, string>>
  }
}

/** What PyTorch says of the model in one folder. */
export interface FamilyGolden {
  readonly dir: string
  readonly batch: number
  readonly length: number
  /** int64 [batch, length] */
  readonly ids: HostTensor
  /** [batch, length, vocabulary], of the model alone and with the adapter. */
  readonly logits: Float32Array
  readonly adaptedLogits: Float32Array
  readonly lora: Lora
  readonly loss: number
  /** By PEFT's names, sorted. */
  readonly names: readonly string[]
  readonly gradients: ReadonlyMap<string, Float32Array>
  /** The adapter, in the shapes that the engine asks for. */
  parameters(config: DecoderConfig): ParameterSet
}

const root = resolve(import.meta.dirname, '../../../golden/families')
const numbersOf = (base64: string): Float32Array =>
  new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer)

/** Names of all cases. */
export const familyCases = (): string[] => readdirSync(root).sort()

export function familyGolden(name: string): FamilyGolden {
  const dir = join(root, name)
  const {
    ids,
    logits_f32: logits,
    lora
  } = JSON.parse(readFileSync(join(dir, 'expected.json'), 'utf8')) as Expected
  const [batch, length] = [ids.length, ids[0].length]
  return {
    dir,
    batch,
    length,
    ids: int64([batch, length], BigInt64Array.from(ids.flat(), BigInt)),
    logits: numbersOf(logits),
    adaptedLogits: numbersOf(lora.logits_f32),
    lora: { rank: lora.rank, alpha: lora.alpha, modules: lora.modules, rsLora: lora.rslora },
    loss: lora.loss,
    names: Object.keys(lora.parameters).sort(),
    gradients: new Map(Object.entries(lora.gradients).map(([key, one]) => [key, numbersOf(one)])),
    parameters: (config) =>
      new Map(
        [...loraShapes(config, { ...lora })].map(([key, shape]) => [
          key,
          float32(shape, numbersOf(lora.parameters[key]))
        ])
      )
  }
}
