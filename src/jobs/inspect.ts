import { outlineModelFolder, type ModelOutline } from '../engine/checkpoint/model-folder'
import type { DecoderConfig } from '../engine/models/decoder-config'
import { openTokenizerIfThere } from './model-tokenizer'

export interface ModelInspection {
  readonly architecture: string
  readonly parameters: number
  /** Of the weights in the files: float32, float16, bfloat16, or several. */
  readonly dtype: string
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly vocab: number
  /** Tokens. */
  readonly context: number
  readonly tensors: ModelOutline['tensors']
  readonly tokenizer: {
    readonly vocab: number
    readonly bos: number | null
    readonly eos: number | null
  } | null
  readonly chatTemplate: boolean
  readonly memory: MemoryEstimate
}

/** Bytes, for a batch of `batch` sequences of `length` tokens; right within a factor of two. */
export interface MemoryEstimate {
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
  const dtypes = new Set(tensors.map(({ dtype }) => dtypeNames[dtype] ?? dtype))
  return {
    architecture: config.architecture,
    parameters,
    dtype: [...dtypes].join(', '),
    layers: config.layers,
    hidden: config.hiddenSize,
    heads: config.heads,
    vocab: config.vocabularySize,
    context: config.contextLength,
    tensors,
    tokenizer,
    chatTemplate: found?.tokenizer.hasChatTemplate ?? false,
    memory: estimateMemory(config, parameters)
  }
}

/** The program, the runtime and its graphs, before any weight is read (bytes). */
const programBytes = 150e6
const float = 4

/** Weights are counted twice: as read, and as the session prepares them. */
function estimateMemory(config: DecoderConfig, parameters: number): MemoryEstimate {
  const { layers, hiddenSize, intermediateSize, heads, keyValueHeads, headSize, vocabularySize } = config
  const [batch, length] = [8, Math.min(128, config.contextLength)]
  const tokens = batch * length
  const weights = programBytes + 2 * float * parameters
  const layer = 12 * hiddenSize + 5 * intermediateSize + 3 * heads * length // floats a token keeps for the backward pass
  const cache = float * tokens * layers * 2 * keyValueHeads * headSize
  const rank = 16
  const adapter = config.linears.reduce(
    (sum, { outputs, inputs }) => sum + layers * rank * (outputs + inputs),
    0
  )
  return {
    batch,
    length,
    score: Math.round(weights + float * tokens * (layer + 3 * vocabularySize)),
    // A cache grows by being copied, so the old and the new stand side by side.
    generate: Math.round(weights + 2 * cache + float * batch * 6 * vocabularySize),
    // Parameter, gradient and two moments, each in and out.
    train: Math.round(
      weights + 6 * float * adapter + 1.25 * float * tokens * (layers * layer + 4 * vocabularySize)
    )
  }
}
