import ChartLine from '@lucide/svelte/icons/chart-line'
import Columns2 from '@lucide/svelte/icons/columns-2'
import Highlighter from '@lucide/svelte/icons/highlighter'
import Scale from '@lucide/svelte/icons/scale'
import TextCursorInput from '@lucide/svelte/icons/text-cursor-input'
import type { Place } from './router.svelte'

/** The five steps, in order: one word each, here as everywhere. */
export const steps = [
  { view: 'annotate', title: 'Annotate', icon: Highlighter, place: { view: 'annotate' } },
  { view: 'align', title: 'Align', icon: TextCursorInput, place: { view: 'align' } },
  { view: 'reward', title: 'Reward', icon: Scale, place: { view: 'reward' } },
  { view: 'optimise', title: 'Optimise', icon: ChartLine, place: { view: 'optimise', page: 'runs' } },
  { view: 'review', title: 'Review', icon: Columns2, place: { view: 'review' } }
] as const satisfies readonly { view: Place['view']; title: string; icon: unknown; place: Place }[]
