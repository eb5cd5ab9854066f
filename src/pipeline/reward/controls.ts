import type { Chance } from '../optimise/chance'

/**
 * Control conditions (method 9.6): the same rewards in the wrong place. If a control learns as much as the spans do,
 * it was not the place that helped. Each takes the token rewards of one answer and gives others of the same length.
 */
export type Control = 'none' | 'shuffle' | 'rotate' | 'random' | 'all'

type Rewards = Float32Array<ArrayBuffer>
interface Run {
  readonly value: number
  readonly length: number
}

/** The answer's own spans moved to random places inside it. Count, lengths, signs and sum stay. */
export function shuffle(rewards: Float32Array, chance: Chance): Rewards {
  return lay(chance.shuffle(runs(rewards)), rewards.length)
}

/**
 * Spans of the same lengths at random places with random signs: nothing of what the critic said is left, not even
 * the sum.
 */
export function random(rewards: Float32Array, chance: Chance): Rewards {
  const items = runs(rewards).map(({ value, length }) => ({
    value: value === 0 ? 0 : Math.abs(value) * (chance.uniform() < 0.5 ? -1 : 1),
    length
  }))
  return lay(chance.shuffle(items), rewards.length)
}

/** The answer's sum, spread over all of its tokens. */
export function all(rewards: Float32Array): Rewards {
  const share = sum(rewards) / Math.max(1, rewards.length)
  return new Float32Array(rewards.length).fill(share)
}

/** Scalar-reward RL: the answer's sum at its last token. */
export function scalar(rewards: Float32Array): Rewards {
  const placed = new Float32Array(rewards.length)
  if (placed.length > 0) placed[placed.length - 1] = sum(rewards)
  return placed
}

/**
 * Every answer takes the rewards of another one, token for token; what is longer is cut, what is shorter is filled
 * with 0. `answers` are those whose critique counts; an answer alone gets nothing.
 */
export function rotate(answers: readonly Float32Array[], chance: Chance): Rewards[] {
  if (answers.length < 2) return answers.map((rewards) => new Float32Array(rewards.length))
  const shift = 1 + chance.integer(answers.length - 1)
  return answers.map((rewards, i) => {
    const other = answers[(i + shift) % answers.length]
    const taken = new Float32Array(rewards.length)
    taken.set(other.subarray(0, rewards.length))
    return taken
  })
}

/** A whole batch under a control. `chanceOf` gives each answer its own draws; `rotate` uses those of answer 0. */
export function applyControl(
  control: Control,
  batch: readonly { readonly rewards: Float32Array; readonly ok: boolean }[],
  chanceOf: (sample: number) => Chance
): Rewards[] {
  const moved = batch.map(({ rewards, ok }, sample): Rewards => {
    if (!ok) return new Float32Array(rewards.length)
    if (control === 'shuffle') return shuffle(rewards, chanceOf(sample))
    if (control === 'random') return random(rewards, chanceOf(sample))
    return control === 'all' ? all(rewards) : Float32Array.from(rewards)
  })
  if (control !== 'rotate') return moved
  const counting = batch.flatMap(({ ok }, sample) => (ok ? [sample] : []))
  const rotated = rotate(
    counting.map((sample) => batch[sample].rewards),
    chanceOf(0)
  )
  counting.forEach((sample, i) => (moved[sample] = rotated[i]))
  return moved
}

const sum = (rewards: Float32Array): number => rewards.reduce((total, reward) => total + reward, 0)

/** Spans as they are on the tokens: neighbours of equal reward are one, and every unmarked token stands alone. */
function runs(rewards: Float32Array): Run[] {
  const found: { value: number; length: number }[] = []
  for (const value of rewards) {
    const last = found.at(-1)
    if (last && value !== 0 && last.value === value) last.length++
    else found.push({ value, length: 1 })
  }
  return found
}

function lay(items: readonly Run[], length: number): Rewards {
  const placed = new Float32Array(length)
  let at = 0
  for (const { value, length: size } of items) {
    placed.fill(value, at, at + size)
    at += size
  }
  return placed
}
