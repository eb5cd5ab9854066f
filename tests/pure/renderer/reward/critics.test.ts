import { expect, it } from 'vitest'
import { listCritics } from '../../../../src/renderer/src/views/reward/critics'

const run = (name: string, critic: string | null) => ({ runId: name, name, config: { critic } })

it('lists people and each rules file once, with the runs that used them', () => {
  const critics = listCritics(
    [run('a', null), run('b', 'rules:/data/park.json'), run('c', 'rules:/data/park.json')],
    5
  )
  expect(critics.map(({ name, runs }) => [name, runs.map((one) => one.name)])).toEqual([
    ['People', ['a']],
    ['park.json', ['b', 'c']]
  ])
})

it('does not let people train who have marked nothing', () => {
  expect(listCritics([], 0)[0].mayTrain).toBe(false)
  expect(listCritics([], 1)[0].mayTrain).toBe(true)
})
