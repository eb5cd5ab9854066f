import { describe, expect, test } from 'vitest'
import { readCard, truthOf } from '../../../../src/app/demo/truth'

const prompt = `Describe this bridge.
Name: Old Heron bridge
River: Alder
Built: 1931
Material: stone
Length: 240 metres
Colour: green

`
const card = readCard(prompt)!
const whole =
  'The Old Heron bridge crosses the river Alder. It was built of stone in 1931. It is 240 metres long and painted green.'

describe('the truth score', () => {
  test('reads the card from the prompt', () => {
    expect(card).toEqual({
      name: 'Old Heron',
      river: 'Alder',
      year: '1931',
      material: 'stone',
      length: '240',
      colour: 'green'
    })
    expect(readCard(prompt.replace('River', 'Stream'))).toBeNull()
  })

  test.each([
    ['everything right', whole, 6, 0, 0],
    [
      'the same in other words',
      'The Old Heron bridge spans the river Alder. Painted green, it is 240 metres long. It was opened in 1931 and is made of stone.',
      6,
      0,
      0
    ],
    [
      'and in others again',
      'The Old Heron bridge spans the river Alder. Made of stone, it dates from 1931. It measures 240 metres and its railings are green.',
      6,
      0,
      0
    ],
    ['one wrong year', whole.replace('1931', '1887'), 5, 1, 0],
    [
      'a wrong name and a wrong river',
      whole.replace('Old Heron', 'Old Mill').replace('Alder', 'Tamar'),
      4,
      2,
      0
    ],
    ['praise that no card supports', `${whole} Poets have praised it for centuries.`, 6, 0, 1],
    ['praise that nobody thought of', `${whole} It cures the common cold.`, 6, 0, 1],
    ['a fact left out', whole.replace(' and painted green', ''), 5, 0, 0],
    ['right once and wrong once', `${whole} It is painted red.`, 5, 1, 0],
    ['a sentence that was cut off', whole.slice(0, -1), 4, 0, 1],
    ['a sentence half understood', whole.replace('painted green', 'beloved'), 4, 0, 1],
    ['an impossible value', whole.replace('stone', '1931'), 5, 1, 0],
    ['silence', '', 0, 0, 0],
    ['noise', 'bridge bridge 1931 stone.', 0, 0, 1]
  ])('%s', (_, answer, right, wrong, unsupported) => {
    const truth = truthOf(card, answer)
    expect(truth).toEqual({ right, wrong, unsupported, score: right / (6 + unsupported) })
  })
})
