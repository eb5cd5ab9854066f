import { readFileSync } from 'node:fs'
import { promptLine, sampledAnswer } from '../../contract/sampled-answer'
import { Failure } from '../../pipeline/failure'
import { readCard, truthOf, type Truth } from './truth'

const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)

/**
 * The truth of every answer in a file of the sample job, in the order of its prompts.
 * @throws Failure bad-record for a prompt that is no card, or an answer to another prompt
 */
export function truthOfFile(promptsFile: string, answersFile: string): Truth[] {
  const prompts = linesOf(promptsFile).map((line) => promptLine.parse(line))
  const answers = linesOf(answersFile).map((line) => sampledAnswer.parse(line))
  return answers.map(({ promptId, text }, index) => {
    const prompt = prompts[index]
    const card = prompt?.id === promptId ? readCard(prompt.messages.at(-1)?.content ?? '') : null
    if (card === null)
      throw new Failure(
        'bad-record',
        `${answersFile}: answer ${index + 1} belongs to no card of ${promptsFile}.`
      )
    return truthOf(card, text)
  })
}
