import type { RunView } from '../../../../contract/ipc'

/** How a run stands, for a person, and the tone in which it is said. */
export const stateWords: Readonly<
  Record<RunView['state'], { word: string; tone: '' | 'accent' | 'danger' }>
> = {
  waiting: { word: 'waiting', tone: '' },
  running: { word: 'running', tone: 'accent' },
  paused: { word: 'paused', tone: 'accent' },
  stopped: { word: 'stopped', tone: '' },
  finished: { word: 'finished', tone: '' },
  failed: { word: 'failed', tone: 'danger' },
  interrupted: { word: 'interrupted', tone: 'danger' }
}

export const isGoing = ({ state }: Pick<RunView, 'state'>): boolean =>
  state === 'running' || state === 'paused'
/** Ended before its last step, with something to go on from. */
export const canResume = ({ state }: Pick<RunView, 'state'>): boolean =>
  state === 'stopped' || state === 'failed' || state === 'interrupted' || state === 'waiting'
/** Weights have changed, so that there is something to review. */
export const canReview = ({ state, step }: Pick<RunView, 'state' | 'step'>): boolean =>
  step > 0 && state !== 'running' && state !== 'paused'
