import { Annotator } from '../../../../src/app/annotate/annotator'
import { openProject } from '../../../../src/store/project'

/** Types into an answer for ever and says each change once it is on the disk; somebody kills it. */
const [file, responseId] = process.argv.slice(2)
const annotator = new Annotator(openProject(file), 'Anna')
annotator.apply(responseId, { type: 'add-span', spanId: 'first', start: 0, end: 1, polarity: 'good' })
for (let n = 1; ; n++) {
  annotator.apply(responseId, { type: 'set-critique', critique: `typed ${n}` })
  // written at once, unlike what goes through a stream
  process.stdout.write(`${n}\n`)
}
