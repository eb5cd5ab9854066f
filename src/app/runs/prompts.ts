import { existsSync, readFileSync, statSync } from 'node:fs'
import type { Message } from '../../pipeline/annotate/message'
import { Failure } from '../../pipeline/failure'
import { testsOf } from '../code-tests'
import type { PromptToFreeze } from './data'

/**
 * Prompts of a JSONL file: `{"prompt": "…"}` or `{"messages": […]}` a line, an `id` if it has one, and for the critic
 * `tests` also `test` and `entry_point`, as in HumanEval.
 * @throws Failure not-found, not-a-file, empty-file, bad-json, bad-record, naming the line
 */
export function readPromptsFile(file: string): PromptToFreeze[] {
  if (!existsSync(file)) throw new Failure('not-found', `There are no prompts at ${file}.`)
  if (statSync(file).isDirectory())
    throw new Failure('not-a-file', `${file} is a folder, not a file of prompts.`)
  const lines = readFileSync(file, 'utf8')
    .replace(/^\uFEFF/, '')
    .split('\n')
  const prompts = lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [readPrompt(line, `${file}, line ${index + 1}`, `line-${index + 1}`)]
  )
  if (prompts.length === 0) throw new Failure('empty-file', `${file} holds no prompt.`)
  return prompts
}

function readPrompt(line: string, where: string, fallbackId: string): PromptToFreeze {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw new Failure('bad-json', `${where} is not valid JSON.`)
  }
  const { id, prompt, messages, ...rest } = (json ?? {}) as Readonly<Record<string, unknown>>
  const name = typeof id === 'string' && id !== '' ? id : fallbackId
  const tests = testsOf(rest)
  if (typeof prompt === 'string') return { id: name, messages: [{ role: 'user', content: prompt }], ...tests }
  if (Array.isArray(messages) && messages.length > 0 && messages.every(isMessage))
    return { id: name, messages, ...tests }
  throw new Failure('bad-record', `${where} has neither a prompt nor messages.`)
}

function isMessage(value: unknown): value is Message {
  const { role, content } = (value ?? {}) as { role?: unknown; content?: unknown }
  return (role === 'system' || role === 'user' || role === 'assistant') && typeof content === 'string'
}
