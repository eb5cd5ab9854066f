import type { CriticGate } from '../../../../contract/critic-gate'
import type { FailureValue } from '../../../../contract/errors'
import { missingOf, specificationOf } from '../../state/critic-source'
import { critics } from '../../state/critics.svelte'
import { call } from '../../state/studio'

/** The critic of a run that is being put together, and whether a run may train on it. */
export class RunCritic {
  rules = $state('')
  llm = $state('')
  private wanted = $state('')

  gate = $state.raw<CriticGate>()
  error = $state.raw<FailureValue>()
  judging = $state(false)
  overriding = $state(false)
  /** Why it may train although it has not passed. */
  reason = $state('')
  private judged: string | null = null
  private asked = 0

  constructor(private readonly source: () => 'annotated' | 'rollouts') {}

  /** Critics that the project knows and that are ready. */
  listed = $derived(
    critics.list.filter(({ state, specification }) => state === 'ready' && specification !== 'tests')
  )

  /** `people`, `rules`, `tests`, `llm`, or the specification of a listed one: what was chosen, where it applies. */
  choice = $derived.by(() => {
    const annotated = this.source() === 'annotated'
    const { wanted } = this
    if (wanted === 'rules' || wanted === 'llm') return wanted
    if (wanted === (annotated ? 'people' : 'tests')) return wanted
    if (this.listed.some(({ specification }) => specification === wanted)) return wanted
    return annotated ? 'people' : 'rules'
  })

  /** As in run.json; null for people's own spans, and until it is whole. */
  specification = $derived.by((): string | null => {
    const { choice } = this
    if (choice === 'people') return null
    return choice === 'rules' || choice === 'llm' ? specificationOf(choice, this[choice]) : choice
  })

  missing = $derived.by((): string | undefined => {
    const { choice } = this
    return choice === 'rules' || choice === 'llm' ? missingOf(choice, this[choice]) : undefined
  })

  refused = $derived(
    this.error !== undefined ||
      (this.gate !== undefined && !this.gate.passed && !(this.overriding && this.reason.trim() !== ''))
  )
  override = $derived(
    this.gate && !this.gate.passed && this.overriding && this.reason.trim() !== ''
      ? this.reason.trim()
      : undefined
  )

  choose(choice: string): void {
    this.wanted = choice
  }

  /** It has changed, or what it is measured against: nothing is known until it is judged. */
  unsettle(): void {
    this.asked++
    this.judging = this.specification !== null
    if (this.judging) return
    this.gate = undefined
    this.error = undefined
    this.judged = null
  }

  async judge(): Promise<void> {
    const { specification } = this
    if (specification === null) return
    const question = ++this.asked
    const outcome = await call('critics.gate', { critic: specification })
    if (question !== this.asked) return
    // A reason is given for one critic.
    if (this.judged !== specification) this.overriding = false
    this.judged = specification
    this.judging = false
    this.gate = outcome.ok ? outcome.value : undefined
    this.error = outcome.ok ? undefined : outcome.error
  }
}
