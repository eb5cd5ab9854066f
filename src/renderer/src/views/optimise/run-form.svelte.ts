import type { FailureValue } from '../../../../contract/errors'
import type { RunPlan } from '../../../../contract/ipc'
import { models } from '../../state/models.svelte'
import { router } from '../../state/router.svelte'
import { runs } from '../../state/runs.svelte'
import { sending } from '../../state/sending.svelte'
import { ask, call } from '../../state/studio'
import { put } from './config-keys'
import { RunCritic } from './run-critic.svelte'
import { mainSettings, moreSettings } from './run-settings'
import { fits, inRunJson, type Setting, type SettingValue } from './setting'

const all = [...mainSettings, ...moreSettings]
/** Time without a change after which the plan is asked for again. Milliseconds. */
const settles = 250

/** A run as it is being put together, and what it would train on. Lives on while other views are on screen. */
class RunForm {
  source = $state<'annotated' | 'rollouts'>('annotated')
  method = $state<'span-ppo' | 'scalar-ppo'>('span-ppo')
  readonly critic = new RunCritic(() => this.source)
  prompts = $state<'train' | 'all' | 'file'>('train')
  promptsFile = $state('')
  everyWeight = $state(false)
  private values = $state<Record<string, SettingValue>>({})

  plan = $state.raw<RunPlan>()
  planError = $state.raw<FailureValue>()
  planning = $state(false)
  starting = $state(false)
  /** Start although the estimate says that this machine has too little memory. */
  overMemory = $state(false)
  private asked = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  value(setting: Setting): SettingValue {
    return setting.key in this.values ? this.values[setting.key] : setting.initial
  }

  set(setting: Setting, value: SettingValue): void {
    this.values = { ...this.values, [setting.key]: value }
  }

  applies({ only, key }: Setting): boolean {
    return (only === undefined || only === this.source) && !(this.everyWeight && key.startsWith('lora.'))
  }

  /** What keeps the run from starting, in words. */
  missing = $derived.by(() => {
    if (!models.current) return 'Choose a model.'
    if (this.critic.missing) return this.critic.missing
    if (this.source === 'rollouts' && this.prompts === 'file' && this.promptsFile.trim() === '')
      return 'Give the file of prompts.'
    const wrong = all.find((setting) => this.applies(setting) && !fits(setting, this.value(setting)))
    return wrong ? `${wrong.title}: ${wrong.bound}.` : undefined
  })

  /** run.json as a person would write it: only what differs from the defaults. */
  config = $derived.by(() => {
    const config: Record<string, unknown> = { version: 1, model: models.current?.dir, source: this.source }
    if (this.source === 'rollouts')
      config.prompts =
        this.prompts === 'file' ? this.promptsFile.trim() : { project: `split:${this.prompts}` }
    if (this.critic.specification !== null) config.critic = this.critic.specification
    put(config, 'algorithm.name', this.source === 'annotated' ? 'span-offline' : this.method)
    for (const setting of all) {
      const value = this.value(setting)
      if (this.applies(setting) && value !== setting.initial)
        put(config, setting.key, inRunJson(setting, value))
    }
    if (this.everyWeight) config.lora = null
    return config
  })

  /** Asks for the plan of the configuration as it stands, once it has settled. */
  preview(config: unknown, missing: string | undefined): void {
    clearTimeout(this.timer)
    const question = ++this.asked
    this.critic.unsettle()
    if (missing) {
      this.plan = undefined
      this.planError = undefined
      this.planning = false
      return
    }
    this.planning = true
    this.timer = setTimeout(async () => {
      void this.critic.judge()
      const outcome = await call('runs.plan', { config })
      if (question !== this.asked) return
      this.planning = false
      this.plan = outcome.ok ? outcome.value : undefined
      this.planError = outcome.ok ? undefined : outcome.error
    }, settles)
  }

  async start(): Promise<void> {
    if (this.missing || this.starting || this.critic.judging || this.critic.refused) return
    const { specification, override } = this.critic
    const config = $state.snapshot(this.config)
    this.starting = true
    try {
      if (specification?.startsWith('llm:') && !(await sending.mayGo(call('runs.preview', { config }))))
        return
      const run = await ask('runs.start', { config, overMemory: this.overMemory, overrideGate: override })
      if (!run) return
      runs.put(run)
      router.go({ view: 'optimise', page: 'run', runId: run.runId })
    } finally {
      this.starting = false
    }
  }
}

export const runForm = new RunForm()
