import { choice, positive, real, whole, type Setting } from './setting'

/** The algorithm. */
export const methodSettings: readonly Setting[] = [
  {
    key: 'algorithm.advantages',
    title: 'Advantages',
    sentence: 'Floored: scaled by a running size and not centred, so that silence stays silent.',
    bound: 'one of the three',
    initial: 'floored',
    kind: choice('floored', 'whitened', 'raw'),
    group: 'Method'
  },
  {
    key: 'algorithm.baseline',
    title: 'Baseline',
    sentence: 'What a reward is compared with; auto takes leave-one-out below 10 M parameters.',
    bound: 'one of the four',
    initial: 'auto',
    kind: choice('auto', 'value', 'leave-one-out', 'none'),
    only: 'rollouts',
    group: 'Method'
  },
  {
    key: 'algorithm.surrogate',
    title: 'Surrogate',
    sentence:
      'How stored tokens are pushed: a clipped ratio to the reference, or unlikelihood, which mostly learns to imitate.',
    bound: 'one of the two',
    initial: 'clipped',
    kind: choice('clipped', 'unlikelihood'),
    only: 'annotated',
    group: 'Method'
  },
  {
    key: 'algorithm.epochs',
    title: 'Epochs',
    sentence: 'How often the answers of a step are used.',
    bound: '1 to 16',
    initial: 2,
    kind: whole(1, 16),
    group: 'Method'
  },
  {
    key: 'algorithm.clip',
    title: 'Clip',
    sentence: 'How far a token’s probability may move in one step before its gradient stops.',
    bound: 'above 0',
    initial: 0.2,
    kind: positive,
    group: 'Method'
  },
  {
    key: 'algorithm.gamma',
    title: 'Gamma',
    sentence: 'Discount of later rewards; 1 does not discount.',
    bound: '0 to 1',
    initial: 1,
    kind: real(0, 1),
    only: 'rollouts',
    group: 'Method'
  },
  {
    key: 'algorithm.lambda',
    title: 'Lambda',
    sentence: 'How far back a reward reaches: 0 to its own token, 1 to the start.',
    bound: '0 to 1',
    initial: 0.95,
    kind: real(0, 1),
    only: 'rollouts',
    group: 'Method'
  },
  {
    key: 'algorithm.kl.coefficient',
    title: 'KL coefficient',
    sentence: 'How strongly the model is held to where it started.',
    bound: '0 or more; 0 lets go',
    initial: 0.1,
    kind: real(0),
    group: 'Method'
  }
]
