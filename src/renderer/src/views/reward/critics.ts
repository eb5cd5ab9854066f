import type { RunConfig } from '../../../../contract/run-config'

interface UsedBy {
  readonly runId: string
  readonly name: string
}
export interface CriticRow {
  readonly id: string
  readonly name: string
  readonly about: string
  readonly reads: string
  readonly runs: readonly UsedBy[]
  readonly mayTrain: boolean
  readonly because: string
}

/** The critics that this project has to do with: its people, and the rules files that its latest runs used. */
export function listCritics(
  runs: readonly (UsedBy & { readonly config: Pick<RunConfig, 'critic'> })[],
  spans: number
): CriticRow[] {
  const using = (critic: string | null): UsedBy[] =>
    runs.filter(({ config }) => config.critic === critic).map(({ runId, name }) => ({ runId, name }))
  const people: CriticRow = {
    id: 'people',
    name: 'People',
    about: 'Submitted annotations of this project, and marks that came with imported answers.',
    reads: 'stored answers',
    runs: using(null),
    mayTrain: spans > 0,
    because: spans > 0 ? 'Its spans are what the method is for.' : 'There is no mark in this project yet.'
  }
  const named = [...new Set(runs.flatMap(({ config }) => config.critic ?? []))]
  return [people, ...named.map((critic) => ruleRow(critic, using(critic)))]
}

function ruleRow(critic: string, runs: readonly UsedBy[]): CriticRow {
  const path = critic.replace(/^rules:/, '')
  return {
    id: critic,
    name: path.split(/[\\/]/).at(-1) ?? path,
    about: path,
    reads: 'any answer',
    runs,
    mayTrain: true,
    because: 'Rules are exact and cost nothing; what they miss, the model may learn to say instead.'
  }
}
