import { defaultModules } from '../../contract/run-config'
import type { DecoderConfig } from '../../engine/models/decoder-config'
import { adapts, type Lora } from '../../engine/models/model'
import { loraModules } from '../../engine/models/names'
import { Failure } from '../../pipeline/failure'

/**
 * The adapter that a run asks for, on matrices that the model has: by default on all of them, whatever they are called.
 * Throws `bad-configuration` naming a matrix that the model does not have.
 */
export function loraOf({ rsLora = false, dropout = 0, ...plain }: Lora, config: DecoderConfig): Lora {
  const asked: Lora = { ...plain, ...(rsLora && { rsLora }), ...(dropout > 0 && { dropout }) }
  const known = loraModules(config)
  const isDefault = plain.modules.join() === defaultModules.join()
  if (isDefault) return { ...asked, modules: known }
  const absent = asked.modules.find(
    (module) => !config.linears.some((linear) => adapts({ ...asked, modules: [module] }, linear))
  )
  if (absent !== undefined)
    throw new Failure(
      'bad-configuration',
      `lora.modules names ${absent}, which a ${config.architecture} does not have; it has ${known.join(', ')}.`
    )
  return asked
}
