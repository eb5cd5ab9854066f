import { expect, it } from 'vitest'
import { missingOf, specificationOf } from '../../../../src/renderer/src/state/critic-source'

it.each([
  ['rules', ' /a/rules.json ', 'rules:/a/rules.json'],
  ['rules', ' ', null],
  ['tests', 'whatever', 'tests'],
  ['llm', 'http://127.0.0.1:1/v1#m', 'llm:http://127.0.0.1:1/v1#m'],
  ['llm', 'critic.json', 'llm:critic.json'],
  ['llm', 'HTTP://127.0.0.1:1/v1', null],
  ['llm', 'http://127.0.0.1:1/v1#', null],
  ['llm', '', null]
] as const)('%s %j is the critic %j, or something is missing', (source, words, critic) => {
  expect(specificationOf(source, words)).toBe(critic)
  expect(missingOf(source, words) === undefined).toBe(critic !== null)
})
