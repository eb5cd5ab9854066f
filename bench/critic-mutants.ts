import { benchMutants } from './critic/mutants'

void benchMutants(process.argv.slice(2))
