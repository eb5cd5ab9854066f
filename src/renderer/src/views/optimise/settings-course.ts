import { choice, whole, type Setting } from './setting'

/** The course of a run: chance, prompts, looks and checkpoints. */
export const courseSettings: readonly Setting[] = [
  {
    key: 'seed',
    title: 'Seed',
    sentence: 'The same seed on the same machine repeats the run bit for bit.',
    bound: '0 or more',
    initial: 1,
    kind: whole(0),
    group: 'Run'
  },
  {
    key: 'template',
    title: 'Prompt template',
    sentence: 'The tokenizer’s chat template, plain “role: content” lines, or the last message as it is.',
    bound: 'one of the three',
    initial: 'tokenizer',
    kind: choice('tokenizer', 'plain', 'none'),
    group: 'Run'
  },
  {
    key: 'evaluateEvery',
    title: 'Evaluate every',
    sentence: 'Steps between looks at held-out answers.',
    bound: '1 or more',
    initial: 25,
    kind: whole(1),
    group: 'Run'
  },
  {
    key: 'checkpointEvery',
    title: 'Checkpoint every',
    sentence: 'Steps between checkpoints, from which a run resumes.',
    bound: '1 or more',
    initial: 25,
    kind: whole(1),
    group: 'Run'
  },
  {
    key: 'keep',
    title: 'Checkpoints kept',
    sentence: 'Older ones are removed from the run’s folder.',
    bound: '1 or more',
    initial: 3,
    kind: whole(1),
    group: 'Run'
  }
]
