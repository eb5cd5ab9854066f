import { RE2JS } from 're2js'
import { z } from 'zod'
import type { Polarity } from '../pipeline/annotate/span'
import { polarityOf } from '../pipeline/annotate/span'
import { Failure } from '../pipeline/failure'

const rule = z.strictObject({
  /** RE2 syntax: no look-ahead, no back-references, so that matching takes linear time. */
  pattern: z.string().min(1).max(2000),
  /** Any of i (ignore case), m (^ and $ at lines), s (. matches line ends). */
  flags: z
    .string()
    .regex(/^(?!.*(.).*\1)[ims]*$/, 'flags are any of i, m and s, each once')
    .default(''),
  /** What is marked: each match, each sentence that holds one, or the whole response. */
  scope: z.enum(['match', 'sentence', 'response']).default('match'),
  /** −1 poor, 0 neutral, 1 good. */
  polarity: z.union([z.literal(-1), z.literal(0), z.literal(1)]),
  reason: z.string().max(2000).default(''),
  /** Marks sentences, or the response, that do not have the pattern. */
  negate: z.boolean().default(false),
  /** Matches that a sentence (scope sentence) or the response (otherwise) must hold. */
  atLeast: z.int().min(1).default(1)
})

const rulesFile = z.strictObject({
  version: z.literal(1),
  rules: z.array(rule).min(1).max(1000),
  /** Milliseconds that an answer may take; past them it fails. 0 fails every answer. */
  timeLimit: z.number().min(0).max(10_000).default(50)
})

/** A rule, ready to be matched. */
export interface Rule {
  readonly pattern: RE2JS
  readonly scope: 'match' | 'sentence' | 'response'
  readonly polarity: Polarity
  readonly reason: string
  readonly negate: boolean
  readonly atLeast: number
}

export interface Rules {
  readonly rules: readonly Rule[]
  readonly timeLimit: number
}

/** Instructions of a compiled pattern; larger ones are slow on every answer. */
const largestProgram = 5000

/** @throws Failure bad-rules, naming the file, the rule and the key */
export function parseRules(json: unknown, file: string): Rules {
  const parsed = rulesFile.safeParse(json)
  if (!parsed.success) throw refusal(file, parsed.error.issues[0])
  return {
    timeLimit: parsed.data.timeLimit,
    rules: parsed.data.rules.map(({ pattern, flags, polarity, reason, ...rest }, i) => {
      const where = `${file}, rule ${i + 1}`
      if (rest.negate && rest.scope === 'match')
        throw new Failure(
          'bad-rules',
          `${where}: "negate" needs the scope sentence or response, because there is no match to mark.`
        )
      return {
        ...rest,
        pattern: compile(pattern, flags, where),
        polarity: polarityOf(polarity),
        reason: reason || `${rest.negate ? 'does not match' : 'matches'} ${pattern}`
      }
    })
  }
}

function compile(pattern: string, flags: string, where: string): RE2JS {
  const bits =
    (flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0) |
    (flags.includes('m') ? RE2JS.MULTILINE : 0) |
    (flags.includes('s') ? RE2JS.DOTALL : 0)
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(pattern, bits)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure('bad-rules', `${where}: the pattern cannot be used (${reason}).`)
  }
  if (compiled.programSize() > largestProgram)
    throw new Failure('bad-rules', `${where}: the pattern is too large; split it into several rules.`)
  return compiled
}

function refusal(file: string, issue: z.core.$ZodIssue): Failure {
  const [section, number, ...rest] = issue.path
  const inRule = section === 'rules' && typeof number === 'number'
  const where = inRule ? `${file}, rule ${number + 1}` : file
  const key = (inRule ? rest : issue.path).join('.')
  const what =
    issue.code === 'unrecognized_keys'
      ? `unknown key "${issue.keys[0]}"`
      : key === ''
        ? issue.message
        : `"${key}": ${issue.message}`
  return new Failure('bad-rules', `${where}: ${what}.`)
}
