import type { CriticRecord } from '../../contract/critic-record'
import type { ParameterSet } from '../../engine/graph'
import type { Trainable } from '../../engine/models/model'
import type { Policy } from '../model/policy'

/** A trained critic's record and its model, ready to be used. */
export interface OpenedCritic {
  readonly dir: string
  readonly record: CriticRecord
  /** Its base or, if every weight was trained, its own model. */
  readonly policy: Policy
  readonly trainable: Trainable
  readonly parameters: ParameterSet
}
