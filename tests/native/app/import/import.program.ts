import { importIntoFile } from '../../../../src/app/import-file'

/** Imports a file into a project and prints the result, and the most memory that the process has had (kilobytes). */
const [file, project] = process.argv.slice(2)
const before = process.resourceUsage().maxRSS
void importIntoFile(file, project).then((result) =>
  process.stdout.write(JSON.stringify({ result, before, after: process.resourceUsage().maxRSS }))
)
