import { choice, positive, real, whole, type Setting } from './setting'

/** What is trained, and how far a step goes. */
export const weightSettings: readonly Setting[] = [
  {
    key: 'lora.rank',
    title: 'LoRA rank',
    sentence: 'Size of the adapter; more rank learns more and forgets more.',
    bound: '1 or more',
    initial: 16,
    kind: whole(1),
    group: 'Weights'
  },
  {
    key: 'lora.alpha',
    title: 'LoRA alpha',
    sentence: 'Scale of the adapter; twice the rank is usual.',
    bound: 'above 0',
    initial: 32,
    kind: positive,
    group: 'Weights'
  },
  {
    key: 'optimizer.warmup',
    title: 'Warm-up',
    sentence: 'Steps over which the learning rate rises from 0.',
    bound: '0 or more',
    initial: 0,
    kind: whole(0),
    group: 'Weights'
  },
  {
    key: 'optimizer.schedule',
    title: 'Schedule',
    sentence: 'What the learning rate does after the warm-up: it stays, or falls to 0 by the last step.',
    bound: 'constant, linear or cosine',
    initial: 'constant',
    kind: choice('constant', 'linear', 'cosine'),
    group: 'Weights'
  },
  {
    key: 'optimizer.gradientClip',
    title: 'Gradient clip',
    sentence: 'Largest norm of a step’s gradient.',
    bound: 'above 0',
    initial: 1,
    kind: positive,
    group: 'Weights'
  },
  {
    key: 'optimizer.weightDecay',
    title: 'Weight decay',
    sentence: 'Pulls the adapter towards nothing.',
    bound: '0 or more',
    initial: 0,
    kind: real(0),
    group: 'Weights'
  }
]
