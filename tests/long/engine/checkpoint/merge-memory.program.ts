import { mkdirSync, openSync, closeSync, ftruncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { mergeModelFolder } from '../../../../src/engine/checkpoint/merge-model'
import { loadAdapter, saveAdapter } from '../../../../src/engine/checkpoint/peft'
import { encodeSafetensorsHeader } from '../../../../src/engine/checkpoint/safetensors'
import { parseConfig } from '../../../../src/engine/models/families'
import { checkpointShapes } from '../../../../src/engine/models/names'
import { loraParameters } from '../../../../src/engine/models/parameters'

/**
 * Makes a model of some 300 MB, nearly all of it holes in its file, and an adapter; merges them, and prints the bytes of
 * the model and the most memory that the process held before and after.
 */
const root = process.argv[2]
const json = {
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 16_000, hidden_size: 1024 },
  ...{ intermediate_size: 2816, num_hidden_layers: 5, num_attention_heads: 16, torch_dtype: 'float32' }
}
const config = parseConfig(json)
const model = join(root, 'model')
mkdirSync(model)
writeFileSync(join(model, 'config.json'), JSON.stringify(json))

const tensors = [...checkpointShapes(config)].map(([name, shape]) => ({
  ...{ name, shape, dtype: 'F32', bytes: 4 * shape.reduce((product, size) => product * size, 1) }
}))
const header = encodeSafetensorsHeader(tensors)
const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, header.length)
const file = openSync(join(model, 'model.safetensors'), 'w')
writeSync(file, header)
ftruncateSync(file, bytes)
for (let at = header.length; at < bytes; at += 1 << 20)
  writeSync(file, Float32Array.of(0.5, -1.5), 0, 8, at - (at % 4))
closeSync(file)

const lora = { rank: 4, alpha: 8, modules: ['q_proj', 'up_proj', 'down_proj'] }
const adapter = join(root, 'adapter')
saveAdapter(adapter, { lora, parameters: loraParameters(config, lora, () => 0.1), baseModel: model })
const loaded = loadAdapter(adapter, config)

const peak = (): number => process.resourceUsage().maxRSS * 1024
const before = peak()
const { changed } = mergeModelFolder({ model, adapter: loaded, out: join(root, 'out'), dtype: 'stored' })
process.stdout.write(JSON.stringify({ bytes, changed, before, after: peak() }))
