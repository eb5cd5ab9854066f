import { z } from 'zod'

/** What a model can be computed on. */
export const deviceNames = ['cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const

/** How a model's own weights may be held in memory. */
export const baseForms = ['full', 'stored', '4-bit'] as const

/** How spans become token rewards. */
const alignRules = z
  .strictObject({
    conflict: z.enum(['negative-wins', 'strongest', 'sum']).default('negative-wins'),
    placement: z.enum(['every', 'first', 'last', 'mean']).default('mean'),
    widen: z.boolean().default(true)
  })
  .prefault({})

/** KL to the reference: in one place only. */
const klRules = z
  .strictObject({
    where: z.enum(['reward', 'loss', 'none']).default('reward'),
    estimator: z.enum(['k1', 'full']).default('k1'),
    coefficient: z.number().min(0).default(0.1),
    /** Nats a sequence that the controller steers to; null keeps the coefficient fixed. */
    target: z.number().positive().nullable().default(null)
  })
  .prefault({})

const algorithm = z
  .strictObject({
    name: z.enum(['span-ppo', 'span-offline', 'scalar-ppo']).default('span-ppo'),
    gamma: z.number().min(0).max(1).default(1),
    lambda: z.number().min(0).max(1).default(0.95),
    clip: z.number().positive().default(0.2),
    epochs: z.int().min(1).max(16).default(2),
    valueCoefficient: z.number().min(0).default(0.1),
    /** `auto`: leave-one-out below 10 M parameters, a value head above. */
    baseline: z.enum(['auto', 'value', 'leave-one-out', 'none']).default('auto'),
    /** Answers sampled for each prompt; leave-one-out needs at least 2. */
    samplesPerPrompt: z.int().min(1).default(4),
    /**
     * Of `span-offline`: bounded unlikelihood, or a log-likelihood whose ratio to the reference is clipped. On real
     * answers the first mostly learns to imitate them; `bench/claims/annotated.ts` measures both.
     */
    surrogate: z.enum(['unlikelihood', 'clipped']).default('clipped'),
    advantages: z.enum(['floored', 'whitened', 'raw']).default('floored'),
    kl: klRules
  })
  .prefault({})

/** Rollouts are sampled from the distribution that is trained: no top-k, no top-p, no repetition penalty. */
const sampling = z
  .strictObject({
    temperature: z.number().positive().default(1),
    maxNewTokens: z.int().min(1).default(96)
  })
  .prefault({})

/** All matrices of a layer, as most families call them; for a family with other names, all of its own. */
export const defaultModules: readonly string[] = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj'
]

export const lora = z.strictObject({
  rank: z.int().min(1).default(16),
  alpha: z.number().positive().default(32),
  /** Ends of the names of matrices: `q_proj`, `mlp.c_proj`. */
  modules: z
    .array(z.string().regex(/^\w+(\.\w+)*$/))
    .min(1)
    .default([...defaultModules]),
  /** Divide alpha by the root of the rank instead of by the rank: for large ranks. */
  rsLora: z.boolean().default(false),
  /**
   * Share of the adapter's inputs that an update leaves out. Only with likelihoods of stored answers: a ratio to
   * probabilities that were measured without dropout would not start at 1.
   */
  dropout: z.number().min(0).lt(1).default(0)
})

export const optimizer = z
  .strictObject({
    learningRate: z.number().positive().default(3e-4),
    weightDecay: z.number().min(0).default(0),
    gradientClip: z.number().positive().default(1),
    /** Steps over which the learning rate rises from 0. */
    warmup: z.int().min(0).default(0),
    /** What it does from there to the last step: it stays, or falls to 0. */
    schedule: z.enum(['constant', 'linear', 'cosine']).default('constant')
  })
  .prefault({})

/** By which metric the best checkpoint is known: its mean over the steps since the checkpoint before. */
const best = z.strictObject({
  /** A name of metrics.jsonl; `auto` is `reward/mean` of rollouts and `heldout/gap` of stored answers. */
  metric: z.string().min(1).default('auto'),
  direction: z.enum(['highest', 'lowest']).default('highest')
})

/** `run.json`: everything that a run needs to be repeated. Unknown keys are refused with their name. */
export const runConfig = z
  .strictObject({
    version: z.literal(1),
    seed: z.int().min(0).default(1),
    threads: z.int().min(1).default(2),
    /** Threads that wait do so by spinning: faster on a machine that does nothing else, harmful on any other. */
    spinning: z.boolean().default(false),
    device: z.enum(deviceNames).default('cpu'),
    /** What to do where the device cannot be used: `none` refuses the run. */
    fallback: z.enum(['none', 'cpu']).default('none'),
    /** Folder of a model in Hugging Face layout. */
    model: z.string().min(1),
    /** Folder of an adapter in PEFT's layout to start from. */
    adapter: z.string().nullable().default(null),
    template: z.enum(['tokenizer', 'plain', 'none']).default('tokenizer'),
    source: z.enum(['annotated', 'rollouts']),
    /** Where prompts come from: a split of the project, or the path of a JSONL file with a `prompt` a line. */
    prompts: z.union([z.strictObject({ project: z.string() }), z.string()]).optional(),
    /** `rules:FILE` and, later, others. For `annotated`, null means the people's own spans. */
    critic: z.string().nullable().default(null),
    align: alignRules,
    /** Controls of the method: spans moved within the answer, taken from another answer, drawn at random, or everywhere. */
    control: z.enum(['none', 'shuffle', 'rotate', 'random', 'all']).default('none'),
    algorithm,
    sampling,
    /** null trains every weight of the model. */
    lora: lora.nullable().prefault({}),
    /**
     * How the model's own weights are held in memory: all in float32, in the 16 bits that the files have, or the layers'
     * matrices rounded to 4 bits. Exports and merges always start from the files.
     */
    base: z.enum(baseForms).default('full'),
    /** Precision of the products with those weights. float16 is for devices that are faster in it; the cpu is not. */
    compute: z.enum(['float32', 'float16']).default('float32'),
    optimizer,
    /** Answers a step. */
    batch: z.int().min(1).default(32),
    /** Of those, how many are computed at a time, which saves memory and changes nothing else; null is all of them. */
    microBatch: z.int().min(1).nullable().default(null),
    /**
     * Lengths, at most, that the answers of a step are sorted into, so that a short one is not computed at the length of
     * the longest; every one takes sessions of its own. The step stays the same up to rounding. The answers go through in
     * as many parts, unless `microBatch` says how large those are. null: rollouts have one length; the steps of stored
     * answers are made of answers of one of four lengths, or of any where the model has 20 M weights or more.
     */
    buckets: z.int().min(1).max(16).nullable().default(null),
    /**
     * `frugal` computes layers once more for their gradients: half the memory of an update, for a third more time.
     * `auto` becomes the fastest of these, and of values for microBatch, that fits the budget when the run starts.
     */
    memory: z.enum(['fast', 'frugal', 'auto']).default('fast'),
    /** Of `auto`, bytes; null is what the machine has free. */
    memoryBudget: z.number().positive().nullable().default(null),
    steps: z.int().min(1).default(150),
    evaluateEvery: z.int().min(1).default(25),
    checkpointEvery: z.int().min(1).default(25),
    /** Latest checkpoints kept. */
    keep: z.int().min(1).default(3),
    /** Kept besides the latest ones; null keeps none for being good. */
    best: best.nullable().prefault({})
  })
  .superRefine((config, context) => {
    const everyWeight = config.lora === null && config.adapter === null
    if (everyWeight && (config.base !== 'full' || config.compute !== 'float32'))
      context.addIssue({
        code: 'custom',
        path: [config.base !== 'full' ? 'base' : 'compute'],
        message: 'training every weight needs them in full and in float32; train an adapter (lora) instead'
      })
    const { name, surrogate } = config.algorithm
    if ((config.lora?.dropout ?? 0) > 0 && (name !== 'span-offline' || surrogate !== 'unlikelihood'))
      context.addIssue({
        code: 'custom',
        path: ['lora', 'dropout'],
        message:
          'dropout is for span-offline with the surrogate "unlikelihood"; a ratio to what was measured without it would not start at 1'
      })
    if (config.base === '4-bit' && config.compute === 'float16')
      context.addIssue({
        code: 'custom',
        path: ['compute'],
        message: 'a base in 4 bits is computed with in float32'
      })
    if (config.source === 'rollouts') {
      if (config.prompts === undefined)
        context.addIssue({ code: 'custom', path: ['prompts'], message: 'rollouts need prompts' })
      if (config.critic === null)
        context.addIssue({ code: 'custom', path: ['critic'], message: 'rollouts need a critic' })
      if (config.algorithm.name === 'span-offline')
        context.addIssue({
          code: 'custom',
          path: ['algorithm', 'name'],
          message: 'span-offline trains on stored answers'
        })
    } else if (config.algorithm.name !== 'span-offline') {
      context.addIssue({
        code: 'custom',
        path: ['algorithm', 'name'],
        message: 'stored answers are trained with span-offline'
      })
    }
  })

export type RunConfig = z.infer<typeof runConfig>
/** What a person writes: everything but version, model and source may be left out. */
export type RunConfigInput = z.input<typeof runConfig>
