import { openFolderTokenizer } from '../../../src/app/align/open-tokenizer'
import { freezeAnswers, Tally } from '../../../src/app/runs/data'
import { projectSource } from '../../../src/app/runs/source'
import { judgeByPeople } from '../../../src/jobs/run/annotated-answers'
import { defaultAlignRules } from '../../../src/pipeline/align/align'
import { openProject } from '../../../src/store/project'

/** Prints the reward vector that the trainer makes of every marked answer of a project: `{ id: base64 of float32 }`. */
const [file, modelDir] = process.argv.slice(2)
const project = openProject(file, { readOnly: true })
const { tokenizer, hash } = openFolderTokenizer(modelDir)
const rules = { tokenizer, tokenizerHash: hash, template: 'none', context: Infinity } as const
const answers = projectSource(project).answers()
project.close()
const rewards = [...freezeAnswers(answers, rules, new Tally())].map(({ frozen: answer }) => {
  const vector = judgeByPeople(answer, defaultAlignRules).rewards
  return [answer.id, Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')]
})
process.stdout.write(JSON.stringify(Object.fromEntries(rewards)))
