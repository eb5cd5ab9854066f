import { exponential, floats, Graph, int64, logSoftmax, type HostTensor, type ParameterSet } from '../graph'
import { neededTokens } from '../models/token-rows'
import type { Runtime } from '../session'
import { responseRows } from './predicting'
import { tokenClasses } from './span-head'
import { classifierPass, type ClassifierOptions } from './token-classifier'

export interface TokenClassifier {
  /**
   * ids [B·T]; mask [B·T], not 0 where token t + 1 is a response token. Resolves to [N][3]: probabilities in the order of
   * `tokenClasses`, one entry a response token in the order of the batch.
   */
  classify(ids: BigInt64Array, mask: Float32Array, parameters: ParameterSet): Promise<Float32Array[]>
  release(): Promise<void>
}

/** The forward pass of a token classifier. */
export async function createTokenClassifier(
  options: ClassifierOptions & { readonly runtime: Runtime }
): Promise<TokenClassifier> {
  const { batch, length, responseTokens, runtime } = options
  const graph = new Graph()
  const pass = classifierPass(graph, options)
  graph.output('probabilities', exponential(logSoftmax(pass.logits)))
  const session = await runtime.open(graph)
  return {
    release: () => session.release(),
    classify: async (ids, mask, parameters) => {
      const given = Object.fromEntries(
        [...pass.parameters.keys()].map((name) => [name, find(parameters, name)])
      )
      const { probabilities } = await session.run({
        ...given,
        ...responseRows(ids, mask, length, responseTokens),
        ...neededTokens(batch, length, mask, 1),
        ids: int64([batch, length], ids)
      })
      const count = mask.reduce((sum, one) => sum + (one === 0 ? 0 : 1), 0)
      const width = tokenClasses.length
      return Array.from({ length: count }, (_, token) =>
        floats(probabilities).slice(token * width, (token + 1) * width)
      )
    }
  }
}

function find(parameters: ParameterSet, name: string): HostTensor {
  const tensor = parameters.get(name)
  if (!tensor) throw new Error(`The parameters lack ${name}.`)
  return tensor
}
