import type { DecoderConfig } from '../decoder-config'
import type { Fields } from './fields'

/** A row of the table of architectures. */
export interface Family {
  /** `model_type` of config.json. */
  readonly modelType: string
  /** What `architectures` of config.json has to hold. */
  readonly architecture: string
  /** What people know the family's models as. */
  readonly models: string
  /** Reads the rest of config.json; refuses what the engine would compute wrongly. */
  readonly parse: (fields: Fields) => DecoderConfig
}
