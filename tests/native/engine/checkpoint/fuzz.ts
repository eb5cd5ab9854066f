import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { saveAdapter, loadAdapter } from '../../../../src/engine/checkpoint/peft'
import { openModelFolder } from '../../../../src/engine/checkpoint/model-folder'
import { EngineFailure } from '../../../../src/engine/failure'
import { sameShape } from '../../../../src/engine/graph'
import { checkpointShapes } from '../../../../src/engine/models/names'
import { loraParameters } from '../../../../src/engine/models/parameters'
import { safetensorsBytes } from '../../../pure/engine/checkpoint/scratch'
import { randomModel, writeModelFolder } from '../../../pure/engine/checkpoint/random-model'

type Json = Record<string, unknown>

/** Turns the bytes of a file into others. */
type Mutation = (bytes: Buffer) => Uint8Array

const model = randomModel({
  vocabularySize: 7,
  hiddenSize: 4,
  intermediateSize: 6,
  heads: 2,
  keyValueHeads: 1,
  headSize: 2
})

/** Values that parsers trip over. */
const oddValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    ...[-1, 0, 0.5, 1e9, 1e21, 2 ** 31, 2 ** 53, 2 ** 60, -(2 ** 63), null, '', '1', [], {}, [[]], true],
    ...['F16', 'BF16', 'I64', 'F64', 'constructor', '__proto__', '../../etc/passwd']
  )
)

/** Changes to single bytes, cuts and insertions. */
const byteMutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc
    .array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 })
    .map((changes) => (bytes: Buffer) => {
      const changed = Buffer.from(bytes)
      for (const [at, value] of changes) changed[at % Math.max(1, changed.length)] = value
      return changed
    }),
  fc.nat().map((at) => (bytes: Buffer) => bytes.subarray(0, at % (bytes.length + 1))),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 40 })).map(([at, more]) => (bytes: Buffer) => {
    const cut = at % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, cut), more, bytes.subarray(cut)])
  }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((length) => (bytes: Buffer) => {
    const changed = Buffer.from(bytes)
    if (changed.length >= 8) changed.writeBigUInt64LE(length)
    return changed
  })
)

/** Changes one field of one tensor's description, or its name, and keeps the rest of the file. */
const headerMutation: fc.Arbitrary<Mutation> = fc
  .tuple(
    fc.nat(),
    fc.constantFrom('dtype', 'shape', 'data_offsets', 'element', 'name', 'drop', 'copy'),
    fc.nat(3),
    oddValue
  )
  .map(([which, field, element, value]) => (bytes: Buffer) => {
    const length = Number(bytes.readBigUInt64LE())
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Json
    const names = Object.keys(header)
    const name = names[which % names.length]
    const entry = header[name] as Json
    if (field === 'drop') delete header[name]
    else if (field === 'name') {
      delete header[name]
      header[String(value)] = entry
    } else if (field === 'copy') header[`${name}.copy`] = entry
    else if (field === 'element') {
      const list = entry[element % 2 === 0 ? 'shape' : 'data_offsets']
      if (Array.isArray(list)) list[element >> 1] = value
    } else entry[field] = value
    return Buffer.concat([safetensorsBytes(header, 0), bytes.subarray(8 + length)])
  })

/** Changes one value of a JSON object, at the top or within it. */
const jsonMutation: fc.Arbitrary<Mutation> = fc
  .tuple(fc.nat(), oddValue, fc.constantFrom('change', 'drop', 'rope', 'add'))
  .map(([which, value, how]) => (bytes: Buffer) => {
    const json = JSON.parse(bytes.toString('utf8')) as Json
    const keys = Object.keys(json)
    const key = keys[which % keys.length]
    if (how === 'change') json[key] = value
    else if (how === 'drop') delete json[key]
    else if (how === 'rope')
      json[which % 2 === 0 ? 'rope_scaling' : 'rope_parameters'] = { rope_type: value, factor: value }
    else json[`rope_${key}`] = value
    return Buffer.from(JSON.stringify(json))
  })

const weightsMutation = fc.oneof(byteMutation, headerMutation)
const configMutation = fc.oneof(jsonMutation, byteMutation)
const mutation = fc.oneof(
  fc.record({ weights: weightsMutation }),
  fc.record({ config: configMutation }),
  fc.record({ weights: weightsMutation, config: configMutation })
) as fc.Arbitrary<{ weights?: Mutation; config?: Mutation }>

/** Milliseconds that one case may take on a busy machine; a hang or a walk through claimed billions takes longer. */
const patience = 5_000

/**
 * Opens mutated model and adapter folders. Each must open with the tensors that its configuration asks for, or fail
 * with a code and one sentence that names a file of the folder; none may crash, hang, or read beyond a file.
 */
export async function fuzzFolders(
  folder: string,
  cases: number
): Promise<{ opened: number; failed: number }> {
  const dir = writeModelFolder(join(folder, 'model'), model)
  const adapterDir = join(folder, 'adapter')
  const lora = { rank: 2, alpha: 4, modules: ['q_proj', 'up_proj'] } as const
  saveAdapter(adapterDir, { lora, parameters: loraParameters(model.config, lora, () => 1), baseModel: dir })
  const outcome = { opened: 0, failed: 0 }

  const attempt = async (where: string, open: () => Promise<void> | void): Promise<void> => {
    const started = performance.now()
    try {
      await open()
      outcome.opened++
    } catch (error) {
      if (!(error instanceof EngineFailure)) throw error
      const { message } = error
      if (!message.includes(where)) throw new Error(`It names no file: ${message}`, { cause: error })
      if (/became shorter/.test(message))
        throw new Error(`It read beyond a file: ${message}`, { cause: error })
      outcome.failed++
    }
    const taken = performance.now() - started
    if (taken > patience) throw new Error(`It took ${taken} ms.`)
  }
  const mutated = (target: string, source: string, name: string, change?: Mutation) => {
    const bytes = readFileSync(join(source, name))
    mkdirSync(target, { recursive: true })
    writeFileSync(join(target, name), change ? change(bytes) : bytes)
  }

  const models = fc.asyncProperty(mutation, async ({ weights, config }) => {
    const target = join(folder, 'mutated-model')
    mutated(target, dir, 'model.safetensors', weights)
    mutated(target, dir, 'config.json', config)
    await attempt(target, async () => {
      const opened = await openModelFolder(target)
      for (const [name, shape] of checkpointShapes(opened.config)) {
        const tensor = opened.tensors.get(name)
        if (!tensor || !sameShape(tensor.shape, shape))
          throw new Error(`${name} is not as its configuration says.`)
      }
    })
  })
  const adapters = fc.asyncProperty(mutation, async ({ weights, config }) => {
    const target = join(folder, 'mutated-adapter')
    mutated(target, adapterDir, 'adapter_model.safetensors', weights)
    mutated(target, adapterDir, 'adapter_config.json', config)
    await attempt(target, () => void loadAdapter(target, model.config))
  })
  await fc.assert(models, { numRuns: Math.ceil(cases * 0.7), seed: 1 })
  await fc.assert(adapters, { numRuns: Math.ceil(cases * 0.3), seed: 2 })
  return outcome
}
