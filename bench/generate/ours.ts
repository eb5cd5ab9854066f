import { createInterface } from 'node:readline'
import { createGenerator } from '../../src/engine/generate/generator'
import { openRuntime } from '../../src/engine/runtime/session'
import { uniforms } from '../../src/pipeline/optimise/chance'
import { randomModel } from '../support/models'
import { parseCase } from './case'

/**
 * Our rollouts as a child of the bench: a line of JSON when it is ready, then one for each line `go` that comes in.
 * Arguments: CASE THREADS HOW, where HOW is `whole`, `steps` (a mask asked for at every token) or `adapter`.
 */
async function main(): Promise<void> {
  const [name, threads, how] = process.argv.slice(2)
  const { size, sampled, ...shape } = parseCase(name)
  const { batch, promptLength, maxNewTokens } = shape
  const { model, trainable, parameters } = randomModel(size)
  const generator = await createGenerator({
    ...{ ...shape, model, greedy: !sampled, masked: how === 'steps' },
    trainable: how === 'adapter' ? trainable : { kind: 'none' },
    runtime: openRuntime({ device: 'cpu', threads: Number(threads) })
  })
  const input = {
    prompts: Array.from({ length: batch }, (_, row) =>
      Array.from({ length: promptLength }, (_, i) => (row * 977 + i * 131) % model.config.vocabularySize)
    ),
    uniforms: uniforms(1, 'sampling', 0, batch, maxNewTokens),
    parameters
  }
  console.log(JSON.stringify({ ready: true }))
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== 'go') break
    const start = performance.now()
    if (how === 'steps') await generator.constrain({ ...input, mask: () => null })
    else await generator.generate(input)
    console.log(JSON.stringify({ ms: performance.now() - start }))
  }
  process.exit(0)
}

void main()
