import { choice, positive, whole, type Setting } from './setting'

/** How answers are sampled, and how spans become rewards. */
export const rewardSettings: readonly Setting[] = [
  {
    key: 'sampling.maxNewTokens',
    title: 'Longest answer',
    sentence: 'Tokens after which a sampled answer is cut off.',
    bound: '1 or more; prompt and answer must fit the model’s context',
    initial: 96,
    kind: whole(1),
    only: 'rollouts',
    group: 'Sampling'
  },
  {
    key: 'sampling.temperature',
    title: 'Temperature',
    sentence: 'Of sampling and of the log-probabilities alike.',
    bound: 'above 0; 1 samples the model as it is',
    initial: 1,
    kind: positive,
    only: 'rollouts',
    group: 'Sampling'
  },
  {
    key: 'algorithm.samplesPerPrompt',
    title: 'Answers a prompt',
    sentence: 'Answers to one prompt are each other’s baseline.',
    bound: '1 or more; leave-one-out needs 2',
    initial: 4,
    kind: whole(1),
    only: 'rollouts',
    group: 'Sampling'
  },
  {
    key: 'align.placement',
    title: 'Placement',
    sentence:
      'Which tokens of a span get its reward: “mean” shares it out, so that long spans weigh no more.',
    bound: 'one of the four',
    initial: 'mean',
    kind: choice('mean', 'every', 'first', 'last'),
    group: 'Reward'
  },
  {
    key: 'align.conflict',
    title: 'Conflict',
    sentence: 'Who wins where good and poor spans cover one token.',
    bound: 'one of the three',
    initial: 'negative-wins',
    kind: choice('negative-wins', 'strongest', 'sum'),
    group: 'Reward'
  },
  {
    key: 'align.widen',
    title: 'Widen small spans',
    sentence: 'A span smaller than half a token takes the token it touches most; otherwise it is dropped.',
    bound: 'on or off',
    initial: true,
    kind: { of: 'switch' },
    group: 'Reward'
  },
  {
    key: 'control',
    title: 'Control',
    sentence: 'Moves the spans elsewhere on purpose, to learn whether it is their place that helps.',
    bound: 'none for a real run',
    initial: 'none',
    kind: choice('none', 'shuffle', 'rotate', 'random', 'all'),
    group: 'Reward'
  }
]
