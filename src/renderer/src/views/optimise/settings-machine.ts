import { choice, whole, type Setting } from './setting'

/** What a run is computed with. */
export const machineSettings: readonly Setting[] = [
  {
    key: 'threads',
    title: 'Threads',
    sentence: 'CPU threads of the trainer; results are bit-identical only for the same number.',
    bound: '1 or more',
    initial: 2,
    kind: whole(1),
    group: 'Run'
  },
  {
    key: 'device',
    title: 'Device',
    sentence: 'Where to compute. What cannot be used here is refused, with the reason.',
    bound: 'one of the five',
    initial: 'cpu',
    kind: choice('cpu', 'cuda', 'webgpu', 'dml', 'coreml'),
    group: 'Run'
  },
  {
    key: 'fallback',
    title: 'Without it',
    sentence:
      'What to do if the device cannot be used: nothing, or compute on the CPU; the run page says which.',
    bound: 'none or cpu',
    initial: 'none',
    kind: choice('none', 'cpu'),
    group: 'Run'
  },
  {
    key: 'spinning',
    title: 'Spinning threads',
    sentence: 'Threads that wait keep a core busy: faster on a machine that does nothing else.',
    bound: 'on or off',
    initial: false,
    kind: { of: 'switch' },
    group: 'Run'
  },
  {
    key: 'base',
    title: 'Model in memory',
    sentence:
      'Its own weights in float32, in the 16 bits of its files, or rounded to 4 bits, under an adapter.',
    bound: 'one of the three; full if every weight is trained',
    initial: 'full',
    kind: choice('full', 'stored', '4-bit'),
    group: 'Run'
  },
  {
    key: 'memory',
    title: 'Memory of an update',
    sentence:
      'Frugal computes layers once more: less memory, a third more time. Auto takes the fastest that fits.',
    bound: 'one of the three',
    initial: 'fast',
    kind: choice('fast', 'frugal', 'auto'),
    group: 'Run'
  },
  {
    key: 'memoryBudget',
    title: 'Memory budget, GB',
    sentence: 'What auto has to fit; left empty, what the machine has free when the run starts.',
    bound: 'empty, or above 0',
    initial: null,
    kind: { of: 'number', min: 0, above: true, optional: true, times: 1e9 },
    group: 'Run'
  },
  {
    key: 'microBatch',
    title: 'Answers at a time',
    sentence: 'Of a step, how many are computed at once: fewer take less memory and change nothing else.',
    bound: 'empty for all, or 1 or more',
    initial: null,
    kind: { of: 'number', min: 1, whole: true, optional: true },
    group: 'Run'
  },
  {
    key: 'buckets',
    title: 'Lengths',
    sentence:
      'Lengths that the answers of a step are sorted into: less attention is computed in vain, for more memory. For long texts.',
    bound: 'empty, or 1 to 16',
    initial: null,
    kind: { of: 'number', min: 1, max: 16, whole: true, optional: true },
    group: 'Run'
  },
  {
    key: 'compute',
    title: 'Products',
    sentence: 'Precision of the products with them; float16 is no faster on the processor.',
    bound: 'one of the two; float32 on a base in 4 bits',
    initial: 'float32',
    kind: choice('float32', 'float16'),
    group: 'Run'
  }
]
