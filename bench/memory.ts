import { beyondProgram, estimateCase, measureCase } from './memory/estimate-case'
import { memoryCases } from './memory/cases'

/**
 * The estimate of memory against measured peaks: `npm run bench -- memory [WORD …]`, for the cases whose names hold one
 * of the words, or all. Each is measured in a process of its own, as the greatest resident memory less what the process
 * took before; the estimate is made before anything is loaded.
 */
async function main(): Promise<void> {
  const words = process.argv.slice(2)
  const wanted = memoryCases.filter(
    ({ name }) => words.length === 0 || words.some((word) => name.includes(word))
  )
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0).padStart(6)
  console.log(`${'case'.padEnd(46)} estimate  measured  MB  ratio`)
  for (const shape of wanted) {
    const parts = await estimateCase(shape)
    const estimate = beyondProgram(parts)
    const measured = measureCase(shape)
    const ratio = (estimate / measured).toFixed(2)
    console.log(`${shape.name.padEnd(46)}   ${megabytes(estimate)}    ${megabytes(measured)}      ${ratio}`)
    const { weights, trained, optimizer, results, sessions } = parts
    const rest = sessions.map(
      (one) => `${one.name} ${[one.weights, one.activations, one.cache].map(megabytes).join('/')}`
    )
    console.log(
      `    weights${megabytes(weights)}  state${megabytes(trained + optimizer)}  results${megabytes(results)}  ${rest.join('  ')}`
    )
  }
}

void main()
