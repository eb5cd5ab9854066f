import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { llmSettingsFile } from '../../contract/critic-specification'
import { toFailure } from '../../contract/errors'
import { Failure } from '../../pipeline/failure'

const limit = z.int().min(1).nullable().default(null)

const settingsSchema = z.strictObject({
  version: z.literal(1),
  /** Where the API begins, up to and with its version: `http://127.0.0.1:11434/v1`. */
  url: z.string().min(1).max(2000),
  /** As the server calls it. */
  model: z.string().min(1).max(500),
  temperature: z.number().min(0).max(2).default(0),
  seed: z.int().min(0).default(1),
  /** Of a reply. A reply that is longer is not used. */
  maxTokens: z.int().min(16).max(100_000).default(1024),
  /** Of one request, from connecting to the last byte. */
  timeoutSeconds: z.number().positive().max(3600).default(120),
  /** Requests for one answer after the first one, whatever they are for. */
  retries: z.int().min(0).max(10).default(3),
  /** In any 60 seconds; null is as fast as the server answers. */
  requestsPerMinute: limit,
  /** Requests at the same time. */
  concurrency: z.int().min(1).max(64).default(1),
  /** The longest that a server may ask to wait; one that asks for more has failed on the answer. */
  longestWaitSeconds: z.number().min(0).max(3600).default(60),
  /** Of a run, however often it is resumed, or of one scoring. Never exceeded; what would is not asked and fails. */
  budget: z.strictObject({ requests: limit, tokens: limit, seconds: limit }).prefault({}),
  /** Name of the environment variable that holds the server's key. The key itself is stored nowhere. */
  apiKeyVariable: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .nullable()
    .default(null)
})

/** What an `llm:` critic is told, with nothing left to default. */
export type LlmSettings = z.infer<typeof settingsSchema>

/**
 * The settings behind `llm:URL#MODEL` or `llm:FILE.json`, given the words after `llm:`.
 * @throws Failure bad-configuration, bad-json, empty-file, and what reading a file may throw
 */
export async function readLlmSettings(what: string): Promise<LlmSettings> {
  const file = llmSettingsFile(`llm:${what}`)
  if (file !== null) return parseLlmSettings(await readText(file), file)
  const hash = what.indexOf('#')
  if (hash < 0 || hash === what.length - 1)
    throw new Failure(
      'bad-configuration',
      `llm:${what} names no model: write llm:URL#MODEL, such as llm:http://127.0.0.1:11434/v1#qwen3:8b.`
    )
  return checked({ version: 1, url: what.slice(0, hash), model: what.slice(hash + 1) }, `llm:${what}`)
}

/** @throws Failure bad-configuration, bad-json, empty-file */
export function parseLlmSettings(text: string, file: string): LlmSettings {
  if (text.trim() === '') throw new Failure('empty-file', `The critic's settings ${file} are empty.`)
  let json: unknown
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    throw new Failure('bad-json', `${file} is not valid JSON (${(error as Error).message}).`)
  }
  return checked(json, file)
}

function checked(json: unknown, where: string): LlmSettings {
  const parsed = settingsSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const what =
    issue.code === 'unrecognized_keys'
      ? `unknown key "${issue.keys[0]}"`
      : `${issue.path.length > 0 ? `"${issue.path.join('.')}": ` : ''}${issue.message}`
  throw new Failure('bad-configuration', `${where}: ${what}.`)
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = toFailure(error)
    throw new Failure(
      code === 'not-found' || code === 'not-a-file' ? code : 'unreadable',
      `The critic's settings ${file} cannot be read; check the path, or write llm:URL#MODEL with http:// in front.`
    )
  }
}
