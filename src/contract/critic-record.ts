import { z } from 'zod'
import { Failure } from '../pipeline/failure'
import { deviceNames, lora, optimizer } from './run-config'

/**
 * The folder of a trained critic. The app prepares `training.json` and `data/`; the job writes everything else, and
 * `critic.json` last of all: a folder that has it is a whole critic, one without it is being trained or was left off.
 */
export const criticFiles = {
  record: 'critic.json',
  training: 'training.json',
  examples: 'data/examples.jsonl',
  metrics: 'metrics.jsonl',
  state: 'state.json',
  heartbeat: 'heartbeat',
  /** One of `JobControl`, written by whoever wants the training to stop, pause or go on. */
  control: 'control',
  log: 'log.txt',
  checkpoints: 'checkpoints',
  /** What was trained: an adapter in PEFT's layout, or a whole model if every weight was; and a head's own tensors. */
  adapter: 'adapter',
  model: 'model',
  head: 'head.safetensors'
} as const

export const criticKinds = ['generative', 'span-head'] as const
export type CriticKind = (typeof criticKinds)[number]

/** Rarer kinds of examples weigh more: see `balanceWeights`. */
const balance = z
  .strictObject({
    by: z.enum(['none', 'polarity']).default('polarity'),
    /** The largest weight that rarity may give. */
    cap: z.number().min(1).default(3)
  })
  .prefault({})

/** Examples on which people disagree weigh less: see `disagreementWeights`. */
const disagreement = z
  .strictObject({
    by: z.enum(['none', 'people']).default('people'),
    /** The weight of an example that nobody else agrees with at all. */
    floor: z.number().gt(0).max(1).default(0.25)
  })
  .prefault({})

/** What a generative critic writes. */
const reply = z
  .strictObject({
    /** Tokens of the whole reply, at most; the shortest legal ending is forced before they run out. */
    maxNewTokens: z.int().min(8).default(256),
    /**
     * How the critic reads what it judges. `quoted`, which is also meant where nothing is said: prompt and response as
     * JSON strings in one message. `verbatim`: the conversation in the template, then the response and an end token, as
     * a policy has them, and quotes take the space before them along; for a small base, which knows words by that space.
     */
    question: z.enum(['quoted', 'verbatim']).optional(),
    /** Divides the logits of what the format allows; 0, which is also meant where nothing is said, takes the likeliest. */
    temperature: z.number().min(0).max(10).optional(),
    /** Of what is drawn then, 1 where nothing is said; an answer to the same question gets the same reply. */
    seed: z.int().min(0).optional()
  })
  .prefault({})

/** How a critic is trained. Unknown keys are refused with their name; everything but kind and base may be left out. */
export const criticTraining = z.strictObject({
  version: z.literal(1).default(1),
  kind: z.enum(criticKinds),
  /** Folder of the model to start from, in Hugging Face layout. */
  base: z.string().min(1),
  seed: z.int().min(0).default(1),
  threads: z.int().min(1).default(2),
  spinning: z.boolean().default(false),
  device: z.enum(deviceNames).default('cpu'),
  fallback: z.enum(['none', 'cpu']).default('none'),
  template: z.enum(['tokenizer', 'plain', 'none']).default('tokenizer'),
  /** null trains every weight of the model. */
  lora: lora
    .refine(({ dropout }) => dropout === 0, 'a critic is trained without dropout')
    .nullable()
    .prefault({}),
  /**
   * With every weight trained: `frozen` leaves the embeddings, the output's included, as the base has them. A word that no
   * training example has then stays as likely as one that many have, so that it can be copied. Left out: trained.
   */
  embeddings: z.enum(['trained', 'frozen']).optional(),
  optimizer,
  /** Examples a step. */
  batch: z.int().min(1).default(16),
  /** Of those, how many are computed at a time; null is all of them. */
  microBatch: z.int().min(1).nullable().default(null),
  /** `frugal` computes layers once more for their gradients: half the memory of an update, for a third more time. */
  memory: z.enum(['fast', 'frugal']).default('fast'),
  /** Steps at most; null is `epochs` times through the training examples. */
  steps: z.int().min(1).nullable().default(null),
  epochs: z.number().positive().default(3),
  /** Tokens of an example, at most; null is what the model reads. Longer ones are dropped and counted, never cut. */
  maxLength: z.int().min(2).nullable().default(null),
  /** Steps between two evaluations on dev; null is once an epoch. A checkpoint is written at each. */
  evaluateEvery: z.int().min(1).nullable().default(null),
  /** What is best: the lowest loss on dev, or the highest F1 of poor tokens there, for which dev is scored. */
  metric: z.enum(['loss', 'poor-f1']).default('loss'),
  /** Evaluations without a better one after which training ends; null never ends it early. */
  patience: z.int().min(1).nullable().default(3),
  balance,
  disagreement,
  reply
})
export type CriticTraining = z.infer<typeof criticTraining>
/** What a person writes. */
export type CriticTrainingInput = z.input<typeof criticTraining>

/** @throws Failure bad-configuration, naming every wrong key */
export function parseCriticTraining(json: unknown): CriticTraining {
  const parsed = criticTraining.safeParse(json)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message: what }) =>
    path.length > 0 ? `${path.join('.')}: ${what}` : what
  )
  throw new Failure('bad-configuration', `The critic's configuration is not valid: ${issues.join('; ')}.`)
}

/** The metric of metrics.jsonl that `metric` names, and which way is better. */
export const bestMetric = {
  loss: { metric: 'dev/loss', direction: 'lowest' },
  'poor-f1': { metric: 'dev/poor_f1', direction: 'highest' }
} as const

const message = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** What became of one span that a critic had predicted, in the hands of a person. */
const correctedSpan = z.strictObject({
  /** The critic's span; null for one that the person added. */
  base: z.string().nullable(),
  change: z.enum(['accepted', 'edited', 'rejected', 'added'])
})

/** A prediction that an annotation corrects: of which version, and what was done to each span that was decided on. */
const correction = z.strictObject({
  annotationId: z.string(),
  criticVersion: z.string(),
  spans: z.array(correctedSpan)
})

/** Where an example comes from: an annotation as it stood at a point of the project's history. */
const exampleRow = z.strictObject({
  annotationId: z.string(),
  historySequence: z.int().min(0),
  base: correction.optional()
})
export type ExampleRow = z.infer<typeof exampleRow>

/** One line of `data/examples.jsonl`: one person's annotation of one answer. Offsets are code points, half-open. */
export const criticExample = exampleRow.extend({
  responseId: z.string(),
  documentId: z.string(),
  split: z.enum(['train', 'dev', 'test']),
  person: z.string(),
  messages: z.array(message),
  response: z.string(),
  critique: z.string(),
  spans: z.array(
    z.strictObject({
      start: z.int().min(0),
      end: z.int().min(1),
      polarity: z.enum(['good', 'poor', 'neutral']),
      reason: z.string().optional()
    })
  ),
  /** What its tokens count for in the loss: balance times agreement. */
  weight: z.number().positive()
})
export type CriticExample = z.infer<typeof criticExample>

const dropped = z.array(z.strictObject({ reason: z.string(), count: z.int().min(1) }))

/** `training.json`: everything that the training needs to be repeated. */
export const trainingRecord = z.strictObject({
  version: z.literal(1),
  configuration: criticTraining,
  /** Name of the project file, without its folder. */
  project: z.string(),
  /** Of the lines `documentId split`, sorted: the frozen split. */
  splitSha256: sha256,
  /** Of `data/examples.jsonl`. */
  dataSha256: sha256,
  /** What was left out when the data was frozen. */
  dropped,
  /** SHA-256 of model and tokenizer, noted when they are first opened. */
  hashes: z.record(z.string(), z.string()).default({})
})
export type TrainingRecord = z.infer<typeof trainingRecord>

/** `critic.json` */
export const criticRecord = z.strictObject({
  version: z.literal(1),
  kind: z.enum(criticKinds),
  /** 16 hexadecimal digits: a hash over the weights and the configuration. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  base: z.strictObject({ dir: z.string(), sha256 }),
  tokenizerSha256: sha256,
  adapter: z.literal(criticFiles.adapter).optional(),
  model: z.literal(criticFiles.model).optional(),
  head: z.literal(criticFiles.head).optional(),
  template: z.enum(['tokenizer', 'plain', 'none']),
  labels: z.array(z.enum(['good', 'poor', 'neutral'])),
  /** Least probability for a mark, by label: of the span head. */
  thresholds: z.record(z.string(), z.number()).default({}),
  /** Raw and calibrated confidence, both rising; straight lines in between. null: raw ones are reported. */
  calibration: z
    .array(z.tuple([z.number(), z.number()]))
    .min(2)
    .nullable()
    .default(null),
  /** `PoorTokenMap` of a critic that marks spans; critics without one say P(poor) by their spans' confidence. */
  poorTokens: z
    .strictObject({
      outside: z.number().min(0).max(1),
      inside: z
        .array(z.tuple([z.number(), z.number()]))
        .min(2)
        .nullable()
    })
    .optional(),
  trainedOn: z.strictObject({
    project: z.string(),
    splitSha256: sha256,
    dataSha256: sha256,
    rows: z.array(exampleRow)
  }),
  /** `dropped` counts examples left out; why is in `droppedFor`. */
  examples: z.strictObject({
    train: z.int(),
    dev: z.int(),
    test: z.int(),
    dropped: z.int()
  }),
  droppedFor: dropped,
  best: z.strictObject({ step: z.int(), metric: z.string(), value: z.number() }),
  /** Those of the best step. */
  metrics: z.record(z.string(), z.number()),
  configuration: criticTraining
})
export type CriticRecord = z.infer<typeof criticRecord>
