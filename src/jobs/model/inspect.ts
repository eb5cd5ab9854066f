import { outlineModelFolder, type ModelOutline } from '../../engine/checkpoint/model-folder'
import { createGenerator } from '../../engine/generate/generator'
import { estimateMemory } from '../../engine/memory/estimate'
import { phantomModel } from '../../engine/memory/phantom-model'
import type { DecoderConfig } from '../../engine/models/decoder-config'
import type { Trainable } from '../../engine/models/model'
import { checkpointShapes, loraModules } from '../../engine/models/names'
import { createScorer } from '../../engine/rl/scorer'
import { createSupervisedStep } from '../../engine/rl/supervised-step'
import type { Runtime } from '../../engine/session'
import { openTokenizerIfThere } from './tokenizer'

export interface ModelInspection {
  readonly architecture: string
  readonly parameters: number
  /** Of the weights in the files: float32, float16, bfloat16, or several. */
  readonly dtype: string
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly keyValueHeads: number
  readonly vocab: number
  /** Tokens. */
  readonly context: number
  /** Tokens that layers with a sliding window see; null if every layer sees all. */
  readonly window: number | null
  /** What an adapter may change. */
  readonly modules: readonly string[]
  readonly tensors: ModelOutline['tensors']
  readonly tokenizer: {
    readonly vocab: number
    readonly bos: number | null
    readonly eos: number | null
  } | null
  readonly chatTemplate: boolean
  readonly memory: InspectedMemory
}

/** Bytes, at the worst moment, for a batch of `batch` sequences of `length` tokens; see `engine/memory`. */
export interface InspectedMemory {
  readonly batch: number
  readonly length: number
  readonly score: number
  readonly generate: number
  /** An adapter of rank 16 on every matrix. */
  readonly train: number
}

const dtypeNames: Readonly<Record<string, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }

/** What a model folder holds, from its configuration and headers; weights are not read. */
export async function inspectModel(dir: string): Promise<ModelInspection> {
  const { config, parameters, tensors } = await outlineModelFolder(dir)
  const found = openTokenizerIfThere(dir, config)
  const tokenizer = found && {
    vocab: found.tokenizer.vocabularySize,
    bos: found.tokenizer.bos,
    eos: found.tokenizer.eos
  }
  // Files may hold more than the model uses, such as masks.
  const wanted = checkpointShapes(config)
  const used = tensors.filter(({ name }) => wanted.has(name))
  const dtypes = new Set(used.map(({ dtype }) => dtypeNames[dtype] ?? dtype))
  return {
    architecture: config.architecture,
    parameters,
    dtype: [...dtypes].join(', '),
    layers: config.layers,
    hidden: config.hiddenSize,
    heads: config.heads,
    keyValueHeads: config.keyValueHeads,
    vocab: config.vocabularySize,
    context: config.contextLength,
    window: config.attention.find(({ window }) => window !== null)?.window ?? null,
    modules: loraModules(config),
    tensors,
    tokenizer,
    chatTemplate: found?.tokenizer.hasChatTemplate ?? false,
    memory: await memoryOf(config)
  }
}

const usualBatch = 8
const usualLength = 128
const usualRank = 16

async function memoryOf(config: DecoderConfig): Promise<InspectedMemory> {
  const model = phantomModel(config)
  const batch = usualBatch
  const length = Math.min(usualLength, config.contextLength)
  const total = async (
    trainable: Trainable,
    open: (runtime: Runtime) => Promise<unknown>
  ): Promise<number> => {
    const estimate = await estimateMemory({
      model,
      trainable,
      value: false,
      open: (runtimeFor) => open(runtimeFor(''))
    })
    return estimate.total
  }
  const none = { kind: 'none' } as const
  const lora = { rank: usualRank, alpha: 2 * usualRank, modules: loraModules(config) }
  const adapter = { kind: 'lora', lora } as const
  const promptLength = Math.max(1, length >> 1)
  return {
    batch,
    length,
    score: await total(none, (runtime) => createScorer({ model, trainable: none, batch, length, runtime })),
    generate: await total(none, (runtime) =>
      createGenerator({
        model,
        trainable: none,
        batch,
        promptLength,
        maxNewTokens: length - promptLength,
        runtime
      })
    ),
    train: await total(adapter, (runtime) =>
      createSupervisedStep({ model, trainable: adapter, batch, length, runtime })
    )
  }
}
