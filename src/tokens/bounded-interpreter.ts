import { Interpreter } from '@huggingface/jinja'

type Evaluate = Interpreter['evaluate']

/** Far more than any conversation takes; a hostile template would take for ever, or all memory. */
const mostSteps = 1_000_000
const mostMilliseconds = 2000
/** Code units of a text, elements of a list. */
const longestText = 1 << 22
const longestList = 100_000

/** Runs a template that somebody else wrote: throws when it takes too many steps, too long, or too much memory. */
export class BoundedInterpreter extends Interpreter {
  private steps = 0
  private readonly deadline = performance.now() + mostMilliseconds

  override evaluate(...[statement, environment]: Parameters<Evaluate>): ReturnType<Evaluate> {
    if (++this.steps > mostSteps || performance.now() > this.deadline) throw new Error('it runs too long')
    const result = super.evaluate(statement, environment)
    const { value } = result
    if (typeof value === 'string' && value.length > longestText) throw new Error('it makes too long a text')
    if (Array.isArray(value) && value.length > longestList) throw new Error('it makes too long a list')
    return result
  }
}
