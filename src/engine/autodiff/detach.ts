import { identity, type Value } from '../graph'

/** The same value, through which no gradient flows. */
export const detach = (value: Value): Value =>
  value.graph.asGroup('detach', [value], 'stop', () => [identity(value)])[0]
