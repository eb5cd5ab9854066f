import { positive, whole, type Setting } from './setting'
import { machineSettings } from './settings-machine'
import { methodSettings } from './settings-method'
import { rewardSettings } from './settings-reward'
import { courseSettings } from './settings-course'
import { weightSettings } from './settings-weights'

/** Always in view. Defaults are those of the schema in contract/run-config.ts, and a test keeps them so. */
export const mainSettings: readonly Setting[] = [
  {
    key: 'steps',
    title: 'Steps',
    sentence: 'How many updates; a run can be stopped early and resumed.',
    bound: '1 or more',
    initial: 150,
    kind: whole(1),
    group: 'Main'
  },
  {
    key: 'batch',
    title: 'Answers a step',
    sentence: 'More answers make steadier steps and need more memory and time.',
    bound: '1 or more',
    initial: 32,
    kind: whole(1),
    group: 'Main'
  },
  {
    key: 'optimizer.learningRate',
    title: 'Learning rate',
    sentence: 'How far one step goes. Lower it if KL runs away or a loss is not a number.',
    bound: 'above 0; 0.00003 to 0.001 is usual for LoRA',
    initial: 3e-4,
    kind: positive,
    group: 'Main'
  }
]

export const moreSettings: readonly Setting[] = [
  ...courseSettings,
  ...machineSettings,
  ...rewardSettings,
  ...methodSettings,
  ...weightSettings
]
