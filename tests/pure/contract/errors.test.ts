import { expect, it } from 'vitest'
import { errors, remedyBeside } from '../../../src/contract/errors'

it('says what to do beside a failure, and not twice', () => {
  const { remedy } = errors['not-found']
  expect(remedyBeside({ code: 'not-found', message: 'The folder runs/1 is gone.' })).toBe(remedy)
  expect(remedyBeside({ code: 'not-found', message: `There is no run 7. ${remedy}` })).toBeUndefined()
  const within = `There is no run 7: ${remedy.toLowerCase()}`
  expect(remedyBeside({ code: 'not-found', message: within })).toBeUndefined()
  expect(remedyBeside({ code: 'of another version', message: 'It failed.' })).toBeUndefined()
})
