import type { AnnotationRecord, SpanRecord } from '../../src/pipeline/annotate/record'
import { sliceCodePoints, codePointLength } from '../../src/pipeline/annotate/code-points'
import type { Chance } from '../../src/pipeline/optimise/chance'
import { type Card, type Fact, values } from './world'

/** Who marked the sample: said wherever a person's name would stand. */
export const scriptedPerson = { name: 'sample (scripted)', kind: 'sample' } as const
export const guideline = 'bridges 1'

interface Finding {
  readonly fact: Fact
  readonly value: string
  readonly start: number
  readonly end: number
}

const oneOf = (list: readonly string[]) => `(?<value>${list.join('|')})`
/** How each fact is recognised in an answer: by its words, whatever the sentence around them. */
const marks: Readonly<Record<Fact, RegExp>> = {
  name: /\bThe (?<value>[A-Z]\w+ [A-Z]\w+)(?= bridge\b)/dg,
  river: /\briver (?<value>\w+)/dg,
  year: /\b(?<value>1\d{3})\b/dg,
  material: new RegExp(`\\b${oneOf(values.material)}\\b`, 'dg'),
  length: /\b(?<value>\d+)(?= metres\b)/dg,
  colour: new RegExp(`\\b${oneOf(values.colour)}\\b`, 'dg')
}
const words: Readonly<Record<Fact, string>> = {
  name: 'name',
  river: 'river',
  year: 'year',
  material: 'material',
  length: 'length',
  colour: 'colour'
}

/**
 * Reads an answer as the guidelines ask a person to: every mistake is marked, every sentence that no card supports,
 * and for each of these one thing that is right, if there is as much. An answer without a mistake is left unmarked.
 */
export function annotate(card: Card, answer: string, draws: Chance): AnnotationRecord {
  const findings = (Object.keys(marks) as Fact[]).flatMap((fact) => find(fact, answer))
  const wrong = findings.filter(({ fact, value }) => card[fact] !== value)
  const claims = [...answer.matchAll(/[^.\s][^.]*\.?/g)]
    .map((match) => ({ start: match.index, end: match.index + match[0].length }))
    .filter((sentence) => !findings.some(({ start }) => start >= sentence.start && start < sentence.end))
  const right = draws
    .shuffle(findings.filter(({ fact, value }) => card[fact] === value))
    .slice(0, wrong.length + claims.length)

  const span = (start: number, end: number, rest: Pick<SpanRecord, 'polarity' | 'reason' | 'category'>) => {
    const from = codePointLength(answer.slice(0, start))
    const to = from + codePointLength(answer.slice(start, end))
    return { start: from, end: to, quote: sliceCodePoints(answer, from, to), ...rest }
  }
  const spans: SpanRecord[] = [
    ...wrong.map(({ fact, start, end }) =>
      span(start, end, { polarity: 'poor', category: 'wrong-fact', reason: `The card says ${card[fact]}.` })
    ),
    ...claims.map(({ start, end }) =>
      span(start, end, {
        polarity: 'poor',
        category: 'unsupported',
        reason: 'Nothing on the card supports this.'
      })
    ),
    ...right.map(({ fact, start, end }) =>
      span(start, end, {
        polarity: 'good',
        category: 'right-fact',
        reason: `The ${words[fact]} is as on the card.`
      })
    )
  ].sort((a, b) => a.start - b.start)
  return {
    person: scriptedPerson,
    status: 'submitted',
    guideline,
    critique: critiqueOf(
      wrong.map(({ fact, value }) => `the ${words[fact]} (${value}, on the card ${card[fact]})`),
      claims.length
    ),
    spans
  }
}

function find(fact: Fact, answer: string): Finding[] {
  return [...answer.matchAll(marks[fact])].map((match) => {
    const [start, end] = match.indices?.groups?.value ?? [match.index, match.index + match[0].length]
    return { fact, value: answer.slice(start, end), start, end }
  })
}

function critiqueOf(wrong: readonly string[], claims: number): string {
  if (wrong.length + claims === 0) return 'Everything is as on the card, and nothing is added.'
  const listed = wrong.length < 2 ? wrong[0] : `${wrong.slice(0, -1).join(', ')} and ${wrong.at(-1)}`
  const sentences = [
    ...(wrong.length > 0 ? [`It gets ${listed} wrong.`] : ['The facts are as on the card.']),
    ...(claims === 1 ? ['It adds a claim that nothing on the card supports.'] : []),
    ...(claims > 1 ? [`It adds ${claims} claims that nothing on the card supports.`] : [])
  ]
  return sentences.join(' ')
}
