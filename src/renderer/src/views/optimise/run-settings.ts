/** One setting of a run: where it stands in run.json, what it does, and what it may be. */
export interface Setting {
  /** Dotted key in run.json. */
  readonly key: string
  readonly title: string
  /** One sentence: what it does, or when to change it. */
  readonly sentence: string
  /** Its bound, in words. */
  readonly bound: string
  readonly initial: number | string | boolean
  readonly kind:
    | {
        readonly of: 'number'
        readonly min: number
        readonly max?: number
        readonly whole?: true
        readonly above?: true
      }
    | { readonly of: 'choice'; readonly values: readonly string[] }
    | { readonly of: 'switch' }
  /** Only with this source. */
  readonly only?: 'annotated' | 'rollouts'
  readonly group: string
}

const whole = (min: number, max?: number): Setting['kind'] => ({ of: 'number', min, max, whole: true })
const real = (min: number, max?: number): Setting['kind'] => ({ of: 'number', min, max })
const positive: Setting['kind'] = { of: 'number', min: 0, above: true }
const choice = (...values: string[]): Setting['kind'] => ({ of: 'choice', values })

/** Always in view. Defaults are those of the schema in contract/run-config.ts, and a test keeps them so. */
export const mainSettings: readonly Setting[] = [
  {
    key: 'steps',
    title: 'Steps',
    sentence: 'How many updates; a run can be stopped early and resumed.',
    bound: '1 or more',
    initial: 150,
    kind: whole(1),
    group: 'Main'
  },
  {
    key: 'batch',
    title: 'Answers a step',
    sentence: 'More answers make steadier steps and need more memory and time.',
    bound: '1 or more',
    initial: 32,
    kind: whole(1),
    group: 'Main'
  },
  {
    key: 'optimizer.learningRate',
    title: 'Learning rate',
    sentence: 'How far one step goes. Lower it if KL runs away or a loss is not a number.',
    bound: 'above 0; 0.00003 to 0.001 is usual for LoRA',
    initial: 3e-4,
    kind: positive,
    group: 'Main'
  }
]

export const moreSettings: readonly Setting[] = [
  {
    key: 'seed',
    title: 'Seed',
    sentence: 'The same seed on the same machine repeats the run bit for bit.',
    bound: '0 or more',
    initial: 1,
    kind: whole(0),
    group: 'Run'
  },
  {
    key: 'threads',
    title: 'Threads',
    sentence: 'CPU threads of the trainer; results are bit-identical only for the same number.',
    bound: '1 or more',
    initial: 2,
    kind: whole(1),
    group: 'Run'
  },
  {
    key: 'device',
    title: 'Device',
    sentence: 'Where to compute. What cannot be used here is refused, with the reason.',
    bound: 'one of the five',
    initial: 'cpu',
    kind: choice('cpu', 'cuda', 'webgpu', 'dml', 'coreml'),
    group: 'Run'
  },
  {
    key: 'fallback',
    title: 'Without it',
    sentence:
      'What to do if the device cannot be used: nothing, or compute on the CPU; the run page says which.',
    bound: 'none or cpu',
    initial: 'none',
    kind: choice('none', 'cpu'),
    group: 'Run'
  },
  {
    key: 'spinning',
    title: 'Spinning threads',
    sentence: 'Threads that wait keep a core busy: faster on a machine that does nothing else.',
    bound: 'on or off',
    initial: false,
    kind: { of: 'switch' },
    group: 'Run'
  },
  {
    key: 'base',
    title: 'Model in memory',
    sentence:
      'Its own weights in float32, in the 16 bits of its files, or rounded to 4 bits, under an adapter.',
    bound: 'one of the three; full if every weight is trained',
    initial: 'full',
    kind: choice('full', 'stored', '4-bit'),
    group: 'Run'
  },
  {
    key: 'memory',
    title: 'Memory of an update',
    sentence: 'Frugal computes layers once more instead of keeping them: less memory, a third more time.',
    bound: 'one of the two',
    initial: 'fast',
    kind: choice('fast', 'frugal'),
    group: 'Run'
  },
  {
    key: 'compute',
    title: 'Products',
    sentence: 'Precision of the products with them; float16 is no faster on the processor.',
    bound: 'one of the two; float32 on a base in 4 bits',
    initial: 'float32',
    kind: choice('float32', 'float16'),
    group: 'Run'
  },
  {
    key: 'template',
    title: 'Prompt template',
    sentence: 'The tokenizer’s chat template, plain “role: content” lines, or the last message as it is.',
    bound: 'one of the three',
    initial: 'tokenizer',
    kind: choice('tokenizer', 'plain', 'none'),
    group: 'Run'
  },
  {
    key: 'evaluateEvery',
    title: 'Evaluate every',
    sentence: 'Steps between looks at held-out answers.',
    bound: '1 or more',
    initial: 25,
    kind: whole(1),
    group: 'Run'
  },
  {
    key: 'checkpointEvery',
    title: 'Checkpoint every',
    sentence: 'Steps between checkpoints, from which a run resumes.',
    bound: '1 or more',
    initial: 25,
    kind: whole(1),
    group: 'Run'
  },
  {
    key: 'keep',
    title: 'Checkpoints kept',
    sentence: 'Older ones are removed from the run’s folder.',
    bound: '1 or more',
    initial: 3,
    kind: whole(1),
    group: 'Run'
  },
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
  },
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
  },
  {
    key: 'lora.rank',
    title: 'LoRA rank',
    sentence: 'Size of the adapter; more rank learns more and forgets more.',
    bound: '1 or more',
    initial: 16,
    kind: whole(1),
    group: 'Weights'
  },
  {
    key: 'lora.alpha',
    title: 'LoRA alpha',
    sentence: 'Scale of the adapter; twice the rank is usual.',
    bound: 'above 0',
    initial: 32,
    kind: positive,
    group: 'Weights'
  },
  {
    key: 'optimizer.warmup',
    title: 'Warm-up',
    sentence: 'Steps over which the learning rate rises from 0.',
    bound: '0 or more',
    initial: 0,
    kind: whole(0),
    group: 'Weights'
  },
  {
    key: 'optimizer.schedule',
    title: 'Schedule',
    sentence: 'What the learning rate does after the warm-up: it stays, or falls to 0 by the last step.',
    bound: 'constant, linear or cosine',
    initial: 'constant',
    kind: choice('constant', 'linear', 'cosine'),
    group: 'Weights'
  },
  {
    key: 'optimizer.gradientClip',
    title: 'Gradient clip',
    sentence: 'Largest norm of a step’s gradient.',
    bound: 'above 0',
    initial: 1,
    kind: positive,
    group: 'Weights'
  },
  {
    key: 'optimizer.weightDecay',
    title: 'Weight decay',
    sentence: 'Pulls the adapter towards nothing.',
    bound: '0 or more',
    initial: 0,
    kind: real(0),
    group: 'Weights'
  }
]

export type SettingValue = number | string | boolean

/** Whether a value is within a setting's bound. */
export function fits({ kind }: Setting, value: SettingValue): boolean {
  if (kind.of === 'switch') return typeof value === 'boolean'
  if (kind.of === 'choice') return typeof value === 'string' && kind.values.includes(value)
  if (typeof value !== 'number' || !Number.isFinite(value)) return false
  if (kind.whole && !Number.isInteger(value)) return false
  return (kind.above ? value > kind.min : value >= kind.min) && value <= (kind.max ?? Infinity)
}

/** Puts a value at a dotted key, making the objects on the way. */
export function put(target: Record<string, unknown>, key: string, value: unknown): void {
  const [first, ...rest] = key.split('.')
  if (rest.length === 0) target[first] = value
  else put((target[first] ??= {}) as Record<string, unknown>, rest.join('.'), value)
}

/** A configuration as dotted keys and their values. Lists are values. */
export function flatten(config: object, prefix = ''): Map<string, unknown> {
  const flat = new Map<string, unknown>()
  for (const [name, value] of Object.entries(config)) {
    const key = `${prefix}${name}`
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      for (const [inner, found] of flatten(value as object, `${key}.`)) flat.set(inner, found)
    else flat.set(key, value)
  }
  return flat
}

/** The keys in which configurations differ, with the value of each in order. */
export function differences(configs: readonly object[]): { key: string; values: unknown[] }[] {
  const flat = configs.map((config) => flatten(config))
  const keys = [...new Set(flat.flatMap((one) => [...one.keys()]))]
  return keys
    .map((key) => ({ key, values: flat.map((one) => one.get(key) ?? null) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1)
}
