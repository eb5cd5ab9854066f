import { readFile } from 'node:fs/promises'
import type { Critic } from '../contract/critic'
import { toFailure } from '../contract/errors'
import { Failure } from '../pipeline/failure'
import { llmCritic } from './llm/critic'
import { readLlmSettings } from './llm/settings'
import type { SpentBook } from './llm/spent'
import { rulesCritic } from './rules'
import { testsCritic } from './tests'

/** What a critic may be given besides its specification: it comes from the user, never from a file. */
export interface CriticOptions {
  /** Hosts that texts may be sent to, besides this machine. */
  readonly allowedHosts?: readonly string[]
  /** Told what a person may want to know; never a text of the project. */
  readonly log?: (line: string) => void
  /** What an `llm:` critic spent before, and where it says what it spends. */
  readonly spent?: SpentBook
}

/** Opens a critic from the words after `KIND:` in its specification. */
type Opener = (what: string, options: CriticOptions) => Promise<Critic>

const kinds: Readonly<Record<string, Opener>> = {
  rules: openRules,
  llm: async (what, options) => llmCritic(await readLlmSettings(what), options)
}

/**
 * A critic by its specification, as in run.json: `rules:FILE`, `tests`, `llm:URL#MODEL`, `llm:FILE.json`.
 * @throws Failure host-not-allowed where an `llm:` critic would leave this machine unasked;
 * Failure bad-configuration for a kind that is not known; bad-rules, bad-json and what reading may throw
 */
export async function openCritic(specification: string, options: CriticOptions = {}): Promise<Critic> {
  if (specification === 'tests') return testsCritic()
  const colon = specification.indexOf(':')
  const kind = colon < 0 ? specification : specification.slice(0, colon)
  const open = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (open && colon >= 0 && colon < specification.length - 1)
    return open(specification.slice(colon + 1), options)
  throw new Failure(
    'bad-configuration',
    `The critic "${specification}" is not known; this version has rules:FILE, tests, llm:URL#MODEL and llm:FILE.json.`
  )
}

async function openRules(file: string): Promise<Critic> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code } = toFailure(error)
    throw new Failure(
      code === 'not-found' || code === 'not-a-file' ? code : 'unreadable',
      `The rules file ${file} cannot be read; check the path.`
    )
  }
  if (text.trim() === '') throw new Failure('empty-file', `The rules file ${file} is empty.`)
  try {
    return rulesCritic(JSON.parse(text.replace(/^\ufeff/, '')), file)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new Failure('bad-json', `The rules file ${file} is not valid JSON (${error.message}).`)
  }
}
