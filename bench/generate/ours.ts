import { createGenerator } from '../../src/engine/generate/generator'
import { openRuntime } from '../../src/engine/runtime/session'
import { uniforms } from '../../src/pipeline/optimise/chance'
import { randomModel } from '../support/models'
import { takeTurns } from '../support/turns'
import { parseCase } from './case'

/**
 * Our rollouts as a child of the bench. Arguments: CASE THREADS HOW, where HOW is `whole`, `steps` (a mask asked for at every token) or `adapter`.
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
  await takeTurns(async () => {
    if (how === 'steps') await generator.constrain({ ...input, mask: () => null })
    else await generator.generate(input)
    return {}
  })
}

void main()
