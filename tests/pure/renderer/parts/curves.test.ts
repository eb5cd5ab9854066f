import { expect, it } from 'vitest'
import { toCsv, toSvg } from '../../../../src/renderer/src/parts/curves'

const data = {
  title: 'Gap <held out>',
  unit: 'nats',
  steps: [1, 2, 3],
  curves: [
    { label: 'poor, at "equal" place', colour: '--poor', values: [-0.1, null, 0.30000000000000004] },
    { label: 'good', colour: '--good', values: [1, 2, 3] }
  ]
}

it('CSV has a row a step, numbers in full, and quotes what needs it', () => {
  expect(toCsv(data)).toBe('step,"poor, at ""equal"" place",good\n1,-0.1,1\n2,,2\n3,0.30000000000000004,3\n')
})

it('SVG draws what was measured and escapes what a person wrote', () => {
  const svg = toSvg(data, (name) => `<${name}>`.replace(/[<>]/g, ''))
  expect(svg).toContain('Gap &#60;held out&#62;, nats')
  const lines = [...svg.matchAll(/points="([^"]*)"/g)].map(([, points]) => points.split(' ').length)
  expect(lines).toEqual([2, 3])
  expect(svg).not.toContain('NaN')
})

it('SVG of nothing is still a picture', () => {
  expect(toSvg({ title: '', unit: '', steps: [], curves: [] }, () => 'red')).not.toMatch(/NaN|Infinity/)
})
