import { Option, type Command } from 'commander'
import { generateSamples, type GenerateRequest } from '../../jobs/model/generate'
import { inspectModel, type ModelInspection } from '../../jobs/model/inspect'
import { modelLogits } from '../../jobs/model/logits'
import type { ModelChoice } from '../../jobs/model/open'
import { scoreFile, scoreSequences } from '../../jobs/model/score'
import { idList, realNumber, wholeNumber } from '../arguments'
import { baseOption, deviceOptions } from '../device-options'
import type { Terminal } from '../terminal'
import { registerExportCommands } from './export-model'

type Choice = Omit<ModelChoice, 'model'>

/** Commands about one model folder; none of them writes to it. */
export function registerModelCommands(program: Command, terminal: Terminal): void {
  const model = program.command('model').description('look at a model, score and generate with it, export it')

  model
    .command('inspect')
    .description('configuration, tensors, tokenizer, and the memory it takes to score, generate and train')
    .argument('<dir>', 'a model folder in Hugging Face layout')
    .action(async (dir: string) => {
      const found = await inspectModel(dir)
      terminal.answer(found, inspectionText(dir, found))
    })

  registerExportCommands(model, terminal)

  const say = (sentence: string): void => terminal.note(sentence)
  const ids = () => new Option('--ids <list>', 'token ids such as 1,2,3').argParser(idList)

  choice(model.command('logits'))
    .description('the logits of every position, by one full forward pass')
    .addOption(ids().makeOptionMandatory())
    .action(async (dir: string, options: Choice & { ids: number[] }) => {
      const result = await modelLogits({ ...options, model: dir, say }, options.ids)
      const rows = result.logits.map((row) => row.map((logit) => logit.toPrecision(7)).join(' '))
      terminal.answer(result, rows.join('\n'))
    })

  choice(model.command('score'))
    .description('the log-probability in nats of every token after the first')
    .addOption(ids().conflicts('in'))
    .option('--in <file>', 'JSONL: {"ids":[…]} or {"prompt","response"} a line')
    .action(async (dir: string, options: Choice & { ids?: number[]; in?: string }, command: Command) => {
      const chosen = { ...options, model: dir, say }
      if (options.ids) {
        const [logProbs] = (await scoreSequences(chosen, [options.ids])).logProbs
        terminal.answer({ logProbs }, numberLine(logProbs))
      } else if (options.in !== undefined) {
        const result = await scoreFile(chosen, options.in)
        terminal.answer(result, result.logProbs.map(numberLine).join('\n'))
      } else command.error('error: one of --ids and --in is needed', { exitCode: 2 })
    })

  choice(model.command('generate'))
    .description("the model's own continuation of a prompt")
    .addOption(ids().conflicts('prompt'))
    .option('--prompt <text>', "a text; needs the model's tokenizer")
    .addOption(
      new Option(
        '--template <name>',
        'how a text becomes a prompt; left out, the chat template if there is one'
      ).choices(['tokenizer', 'plain', 'none'])
    )
    .option('--max-new-tokens <n>', 'at most so many new tokens', wholeNumber(1, 1_000_000), 100)
    .option('--greedy', 'take the likeliest token each time')
    .option('--temperature <t>', 'divides the logits; 0 is greedy', realNumber(0), 1)
    .option('--top-k <k>', 'only the k likeliest tokens', wholeNumber(1))
    .option('--top-p <p>', 'only the likeliest tokens that together reach p', realNumber(0, 1))
    .option('--repetition-penalty <x>', 'above 1, tokens seen become less likely', realNumber(0.01))
    .option('--count <n>', 'how many samples', wholeNumber(1, 1_000_000), 1)
    .option('--seed <n>', 'the same seed gives the same samples', wholeNumber(0), 1)
    .action(async (dir: string, options: GenerateWords, command: Command) => {
      const prompt = options.ids ?? options.prompt
      if (prompt === undefined)
        return command.error('error: one of --prompt and --ids is needed', { exitCode: 2 })
      const result = await generateSamples({ ...options, model: dir, prompt, say })
      const lines = result.sequences.map(({ ids, text }) => text ?? ids.join(','))
      terminal.answer(result, lines.join('\n\n'))
      terminal.note(`${result.tokensPerSecond} tokens a second`)
    })
}

type GenerateWords = Omit<GenerateRequest, 'model' | 'prompt'> & { ids?: number[]; prompt?: string }

/** What every command that computes takes. */
const choice = (command: Command): Command =>
  deviceOptions(command)
    .argument('<dir>', 'a model folder in Hugging Face layout')
    .option('--adapter <dir>', "an adapter in PEFT's layout")
    .addOption(baseOption())

const numberLine = (values: readonly number[]): string => values.map((value) => value.toFixed(6)).join(' ')

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

function inspectionText(dir: string, found: ModelInspection): string {
  const { memory, tokenizer } = found
  return [
    `${dir}: ${found.architecture}, ${found.parameters} parameters in ${found.dtype}`,
    `${found.layers} layers, ${found.heads} heads, hidden size ${found.hidden}, ` +
      `${found.vocab} tokens, context ${found.context}` +
      (found.window === null ? '' : `, sliding window ${found.window}`),
    `Matrices for an adapter: ${found.modules.join(', ')}`,
    tokenizer
      ? `Tokenizer: ${tokenizer.vocab} tokens, ${found.chatTemplate ? 'with' : 'without'} a chat template`
      : 'No tokenizer: only token ids can be used.',
    `Memory for ${memory.batch} × ${memory.length} tokens, about: ${megabytes(memory.score)} to score, ` +
      `${megabytes(memory.generate)} to generate, ${megabytes(memory.train)} to train an adapter`
  ].join('\n')
}
