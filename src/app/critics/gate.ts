import type { CriticEvaluation } from '../../contract/critic-evaluation'
import type { CriticGate } from '../../contract/critic-gate'
import { Failure } from '../../pipeline/failure'
import { shortcomings } from '../../pipeline/reward/critic-quality/gate'
import type { Project } from '../../store/project'
import { listEvaluations } from './evaluations'
import { criticFingerprint } from './fingerprint'
import { splitHash } from './marked-answers'
import { thresholdsOf } from './thresholds'

/** A person who lets a run begin on a critic that has not passed. */
export interface GateOverride {
  readonly person: string
  readonly reason: string
}

const exemptions: Readonly<Record<string, string>> = {
  rules: 'People wrote the rules that it goes by, so that no evaluation is asked for.',
  tests: 'It goes by tests that are run, so that no evaluation is asked for.'
}

/** What the gate says of a critic. Evaluations count only if they are of this very version and of today's test split. */
export function gateOf(project: Project | null, critic: string): CriticGate {
  const exempt = exemptions[critic.split(':')[0]]
  if (exempt !== undefined)
    return { by: 'exempt', passed: true, because: exempt, evaluation: null, override: null }
  const refused = (because: string, of: CriticEvaluation | null = null): CriticGate => ({
    by: 'evaluation',
    passed: false,
    because,
    evaluation: of && named(of),
    override: null
  })
  if (project === null) return refused('There is no project whose people it could be measured against.')
  const fingerprint = criticFingerprint(critic)
  const evaluations = listEvaluations(project.file).filter(({ split }) => split === 'test')
  const own = evaluations.find((evaluation) => evaluation.critic.fingerprint === fingerprint)
  if (!own) return refused('It has not been evaluated on the test split of this project.')
  if (own.splitSha256 !== splitHash(project, 'test'))
    return refused('The test split has changed since it was evaluated: evaluate it again.', own)
  const thresholds = thresholdsOf(project)
  const found = shortcomings(own.quality, thresholds)
  if (found.length > 0) return { ...refused(`On the test split ${found.join('; ')}.`, own), thresholds }
  return {
    by: 'evaluation',
    passed: true,
    because: 'It passes the project’s thresholds on the test split.',
    evaluation: named(own),
    override: null,
    thresholds
  }
}

const named = ({ critic, splitSha256, evaluatedAt }: CriticEvaluation): CriticGate['evaluation'] => ({
  criticVersion: critic.version,
  splitSha256,
  evaluatedAt
})

/**
 * The verdict for a run's record; null where the run has no critic.
 * @throws Failure critic-not-trusted where the critic has not passed and nobody overrides it
 */
export function requireTrusted(
  project: Project | null,
  critic: string | null,
  override?: GateOverride
): CriticGate | null {
  if (critic === null) return null
  const gate = gateOf(project, critic)
  if (gate.passed) return gate
  if (override)
    return {
      ...gate,
      override: { person: override.person, at: new Date().toISOString(), reason: override.reason }
    }
  throw new Failure(
    'critic-not-trusted',
    `A run may not train on ${critic}: ${gate.because[0].toLowerCase()}${gate.because.slice(1)} Evaluate it on the test split, or override this with a reason (--override-gate).`
  )
}
